import { describe, expect, it } from "vitest";
import { type Assessment, assessHealth } from "../../../lib/health/assess.ts";
import type { Answer, HealthObservation } from "../../../lib/health/observation.ts";
import type { ConnectionFailure } from "../../../lib/kubernetes/errors.ts";
import type { Node } from "../../../lib/kubernetes/objects.ts";

const NOW = "2026-11-20T10:00:00.000Z";
const node = (name: string, zone: string | undefined, status: string, since = "2026-11-20T09:00:00Z"): Node => ({
  metadata: { name, labels: zone === undefined ? {} : { "topology.kubernetes.io/zone": zone } },
  status: { conditions: [{ type: "Ready", status, lastTransitionTime: since }] },
});
const answered = <T>(value: T): Answer<T> => ({ type: "answered", value });
const readyz = (status: number, body = "ok", path: "/readyz" | "/healthz" = "/readyz"): HealthObservation["readyz"] =>
  answered({ status, body, path });
const unanswered = (failure: ConnectionFailure): Answer<never> => ({
  type: "unanswered",
  failure,
  message: "no answer",
});
const refused = (status: number): Answer<never> => ({ type: "refused", status, message: "said no" });
const observed = (ready: HealthObservation["readyz"], nodes?: Answer<Node[]>): Assessment =>
  assessHealth({ readyz: ready, observedAt: NOW, latencyMs: 12, ...(nodes === undefined ? {} : { nodes }) }, "prod");
const well = answered([node("n1", "a", "True"), node("n2", "b", "True"), node("n3", "b", "True")]);

describe("what an observation means", () => {
  const cases: [sentence: string, assessment: Assessment, expected: string, failed: Record<string, RegExp>][] = [
    ["ready and all nodes Ready", observed(readyz(200), well), "Healthy", {}],
    ["ready by the older path", observed(readyz(200, "ok", "/healthz"), well), "Healthy", {}],
    ["ready without any node (Fargate)", observed(readyz(200), answered([])), "Healthy", {}],
    [
      "a check of the API server fails",
      observed(readyz(500, "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed"), well),
      "Unhealthy",
      { "readyz/etcd": /says etcd is not ready; look at/ },
    ],
    [
      "not ready without saying why",
      observed(readyz(503, "starting"), well),
      "Unhealthy",
      { readyz: /answered \/readyz with 503: starting/ },
    ],
    [
      "a node not Ready for long",
      observed(readyz(200), answered([node("n1", "a", "True"), node("n2", "b", "False")])),
      "Degraded",
      { nodes: /1 of 2 nodes of cluster prod .*: n2 \(b\); see/ },
    ],
    [
      "a node nobody hears of",
      observed(readyz(200), answered([node("n2", undefined, "Unknown")])),
      "Degraded",
      { nodes: /n2;/ },
    ],
    [
      "a node not Ready within the grace",
      observed(readyz(200), answered([node("n2", "b", "False", "2026-11-20T09:59:21Z")])),
      "Healthy",
      {},
    ],
    [
      "a node not Ready just past the grace",
      observed(readyz(200), answered([node("n2", "b", "False", "2026-11-20T09:59:20Z")])),
      "Degraded",
      { nodes: /n2/ },
    ],
    [
      "a name that does not resolve",
      observed(unanswered("dns")),
      "Unreachable",
      { connection: /\(dns\).*still exists/ },
    ],
    ["nobody listens", observed(unanswered("tcp")), "Unreachable", { connection: /\(tcp\).*security groups/ }],
    [
      "another certificate authority",
      observed(unanswered("tls")),
      "Unreachable",
      { connection: /\(tls\).*register the cluster again/ },
    ],
    ["no answer in time", observed(unanswered("timeout")), "Unreachable", { connection: /\(timeout\)/ }],
    ["a connection cut", observed(unanswered("reset")), "Unreachable", { connection: /\(reset\)/ }],
    [
      "an EKS cluster that is gone",
      observed({
        type: "noAccess",
        reason: "ClusterUnknown",
        message: "there is no EKS cluster x; deregister this one",
      }),
      "Unreachable",
      { connection: /deregister/ },
    ],
    [
      "a kubeconfig with an exec user",
      observed({ type: "noAccess", reason: "KubeconfigRefused", message: "user x runs a command (exec)" }),
      "AuthFailed",
      { credentials: /exec/ },
    ],
    [
      "no credentials to show",
      observed(unanswered("credentials")),
      "AuthFailed",
      { credentials: /no credentials for cluster prod: no answer; check its roleArn/ },
    ],
    ["credentials not accepted", observed(readyz(401)), "AuthFailed", { credentials: /also after they were renewed/ }],
    [
      "readyz forbidden",
      observed(readyz(403, "{}"), well),
      "AuthFailed",
      {
        "permission//readyz":
          /nonResourceURLs \["\/readyz"\], verbs \["get"\] is missing: bind ClusterRole outrigger:observe/,
      },
    ],
    [
      "nodes forbidden",
      observed(readyz(200), refused(403)),
      "AuthFailed",
      { "permission/nodes": /resources \["nodes"\], verbs \["list"\] is missing/ },
    ],
    [
      "both forbidden: both named",
      observed(readyz(403, "{}"), refused(403)),
      "AuthFailed",
      { "permission//readyz": /readyz/, "permission/nodes": /nodes/ },
    ],
    [
      "credentials that ran out in between",
      observed(readyz(200), refused(401)),
      "AuthFailed",
      { credentials: /does not accept/ },
    ],
    ["too busy for readyz", observed(readyz(429), well), "Degraded", { readyz: /too busy/ }],
    ["too busy for nodes", observed(readyz(200), refused(429)), "Degraded", { nodes: /too busy/ }],
    [
      "nodes answered with an error",
      observed(readyz(200), refused(500)),
      "Degraded",
      { nodes: /list nodes with 500: said no/ },
    ],
    [
      "nodes not answered in time though it is ready",
      observed(readyz(200), unanswered("timeout")),
      "Degraded",
      { nodes: /could not be listed \(timeout\)/ },
    ],
    [
      "not ready and nodes forbidden: the permission comes first",
      observed(readyz(500), refused(403)),
      "AuthFailed",
      { readyz: /500/, "permission/nodes": /missing/ },
    ],
  ];
  it.each(cases)("%s", (_sentence, assessment, expected, failed) => {
    expect(assessment.class).toBe(expected);
    const found = assessment.checks.filter(({ ok }) => !ok);
    expect(found.map(({ name }) => name).sort()).toEqual(Object.keys(failed).sort());
    for (const { name, message } of found) expect(message).toMatch(failed[name] ?? /never/);
  });

  it("counts nodes by zone, also those within the grace, also those without a zone", () => {
    const nodes = [
      node("n1", "a", "True"),
      node("n2", "a", "False", NOW),
      node("n3", "b", "True"),
      node("n4", undefined, "True"),
    ];
    expect(observed(readyz(200), answered(nodes)).nodes).toEqual({
      ready: 3,
      total: 4,
      byZone: { a: { ready: 1, total: 2 }, b: { ready: 1, total: 1 }, unknown: { ready: 1, total: 1 } },
    });
  });
  it("says nothing about nodes it could not see", () => {
    expect(observed(unanswered("timeout"))).not.toHaveProperty("nodes");
    expect(observed(readyz(200), refused(403))).not.toHaveProperty("nodes");
  });
  it("names five sick nodes and counts the rest", () => {
    const nodes = Array.from({ length: 8 }, (_, index) => node(`n${index}`, "a", "False"));
    expect(observed(readyz(200), answered(nodes)).checks[0]?.message).toMatch(/n4 \(a\) and 3 more/);
  });
});
