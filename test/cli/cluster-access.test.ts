import { expect, test } from "vitest";
import { eksKubeconfig } from "../../cli/cluster/kubeconfig.ts";
import { detailOf } from "../../cli/cluster/label.ts";
import { ClusterDetail } from "../../lib/registry/events.ts";
import { registrationOf } from "../fakes/registration.ts";

const access = { ...registrationOf("prod").access, type: "eks" as const };

test("a kubeconfig that lets the AWS CLI make the token, with the role the hub takes", () => {
  if (!("clusterName" in access)) throw new Error("not an EKS cluster");
  const where = { endpoint: "https://prod.eks", certificate: "Y2E=" };
  const kubeconfig = eksKubeconfig("prod-eu", { ...access, roleArn: "arn:aws:iam::1:role/r" }, where);
  expect(kubeconfig).toMatchObject({
    "current-context": "prod-eu",
    clusters: [{ name: "prod-eu", cluster: { server: "https://prod.eks", "certificate-authority-data": "Y2E=" } }],
    users: [{ user: { exec: { command: "aws", args: expect.arrayContaining(["prod", "--role-arn"]) } } }],
  });
});

test.each([
  ["EKS", registrationOf("prod", { labels: { a: "b" }, namespaces: ["x"] })],
  [
    "EKS by role",
    registrationOf("prod", {
      access: {
        ...access,
        clusterName: "prod",
        arn: "arn:aws:eks:us-east-1:000000000000:cluster/prod",
        region: "us-east-1",
        accountId: "000000000000",
        roleArn: "arn:aws:iam::123456789012:role/r",
        externalId: "id",
      },
    }),
  ],
  ["kubeconfig", registrationOf("lab", { access: { type: "kubeconfig", secret: "outrigger/lab" } })],
] as const)("what is declared again is what the hub accepts: %s", (_name, registration) => {
  expect(ClusterDetail.safeParse(detailOf(registration, "2026-11-21T00:00:00Z")).error).toBeUndefined();
});
