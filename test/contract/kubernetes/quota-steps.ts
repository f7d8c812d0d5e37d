import { named } from "./objects.ts";
import { eventually, fails, post, type Step } from "./step.ts";

/** A quota `q` in force: admission hears of it, and of what is used, a little later than people do. It refuses every Secret, which shows it. */
export const quota = (hard: Record<string, string>): Step[] => [
  post("quotas", named("q", { spec: { hard: { ...hard, "count/secrets": "0" } } })),
  ...eventually(
    post(
      "secrets?dryRun=All",
      named("any"),
      fails(
        403,
        "Forbidden",
        "exceeded quota: q, requested: count/secrets=1, used: count/secrets=0, limited: count/secrets=0",
      ),
    ),
  ),
];
