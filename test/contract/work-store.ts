import { openFixture, type WorkStoreSubject } from "./work-store/fixture.ts";
import { ledgerContract } from "./work-store/ledger.ts";
import { ordersContract } from "./work-store/orders.ts";
import { recoveryContract } from "./work-store/recovery.ts";
import { schedulingContract } from "./work-store/scheduling.ts";
import { takingContract } from "./work-store/taking.ts";

/** What every `WorkStore` does; run on the fake and on DynamoDB. */
export function workStoreContract(open: () => Promise<WorkStoreSubject>): void {
  const fixture = openFixture(open);
  schedulingContract(fixture);
  takingContract(fixture);
  ledgerContract(fixture);
  ordersContract(fixture);
  recoveryContract(fixture);
}
