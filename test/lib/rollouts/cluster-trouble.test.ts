import { expect, test } from "vitest";
import { ApiError } from "../../../lib/kubernetes/errors.ts";
import { describeTrouble } from "../../../lib/rollouts/cluster-trouble.ts";

const AGAIN = /Apply the ClusterRole of the capability rollouts again/;

test.each([
  ["a missing rule", 'User "outrigger" cannot patch resource "statefulsets"', true],
  [
    "an admission policy",
    "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: take the label off first",
    false,
  ],
  ["an admission webhook", 'admission webhook "w" denied the request: too few', false],
])("a write refused by %s: the role is asked for only where it would help", (_who, said, role) => {
  const error = new ApiError({
    status: 403,
    reason: "Forbidden",
    message: `forbidden: ${said}`,
    request: "PATCH /sets/a",
  });
  const trouble = describeTrouble(error);
  expect(trouble).toMatchObject({ reason: "Forbidden", message: expect.stringContaining(said) });
  expect(AGAIN.test(trouble?.message ?? "")).toBe(role);
});
