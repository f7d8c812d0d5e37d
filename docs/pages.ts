import { environments } from "../functions/environment.ts";
import { AppOptions, OutriggerOptions } from "../infra/options.ts";
import { ClusterSelector, Manifest } from "../lib/hub/resource.ts";
import { EMITTED_EVENTS } from "../lib/registry/emitted-events.ts";
import { ACCEPTED_EVENTS } from "../lib/registry/events.ts";
import { type PolicyRule, SHIPPED_ROLES } from "../lib/registry/rbac.ts";
import { MultiAZRolloutSpec } from "../lib/rollouts/spec.ts";
import { METRICS, METRICS_NAMESPACE } from "../lib/work/metrics.ts";
import { deployedAlarms } from "./alarms.ts";
import { commandSections } from "./commands.ts";
import { schemaTable, table } from "./schema-table.ts";

/** The reference pages by file name, each written from what the code itself runs on. */
export function referencePages(): Record<string, string> {
  return {
    "multiazrollout.md": page("MultiAZRollout", [
      "`rollout.grafana.com/v1alpha1`. Rolls several StatefulSets, one per zone, so that two zones are never disrupted at once.",
      "## spec",
      schemaTable(MultiAZRolloutSpec),
      "## Zones",
      "The zone of a StatefulSet is told by the first of: a name in `azOrder` that is its label `zone` or ends its name; the label `zone`; a node selector or required node affinity for `azTopologyKey`; the nodes its pods run on; its own name.",
      "A pod that is missing for some seconds without progress is asked about: why the API server refuses it, as the events of its StatefulSet have it, e.g. a quota or a webhook, becomes part of the message. Without the rule for it the condition `FailedCreatesKnown` is `False`.",
      "One StatefulSet that is selected alone and has pods in several zones goes zone by zone, the highest ordinal first. The zone of a pod is that of its node, else of its volume (required node affinity or label of the PersistentVolume: `azTopologyKey`, or what the EBS CSI driver writes), else of the node it was last seen on; so a pod that waits for a node counts as unavailable in its zone. Volumes are asked for once, and only while a pod is on no node. Without the rules for it the condition `VolumeZonesKnown` is `False`, and the last known node has to do.",
      "## Orders",
      "What people order with `outrigger rollout` is kept on the resource's row in the hub, whatever its home: nothing is written into the cluster, whatever applies the manifest does not undo it, and the audit names who ordered it, by their own account. A running worker reads the row before each batch, and every 5 s while it waits for pods; deletes of the batch under way are carried out. An order is about the resource there was: one that is deleted and created again under its name is held only by a pause that came before the hub had looked at it.",
      table(
        ["order", "what happens", "until"],
        [
          ["`pause`", "nothing is deleted: `Paused`, reason `PausedByOrder`", "`resume`, or an order to roll back"],
          [
            "`abort`",
            "the rollout under way is given up, its pods stay as they are, no gate is asked and no time counts: `Paused`, reason `Aborted`, and `Rollout Aborted` on the bus",
            "`resume`, an order to roll back, or another template. It does nothing to the next rollout",
          ],
          [
            "`resume`",
            "pause and abort are lifted. `spec.paused` and annotations of StatefulSets are not: the command says so, and what to do",
            "",
          ],
          [
            "`approve`",
            "what `status.approval` asks for is approved. The annotation `outrigger.dev/approve` does the same",
            "",
          ],
          [
            "`rollback`",
            "every member gets the template back that it had when the rollout started, and is rolled to it; the template it leaves is not tried again until it changes (`TemplateRejected`). Also for the rollout that was completed last, unless it was a rollback itself",
            "all pods are back: `Completed`, reason `RolledBack`",
          ],
        ],
      ),
      "A rollback keeps to zones, `maxUnavailable`, soak, membership and zonal shifts like every rollout. It passes what would keep it from starting: gates, since an alarm is probably why it was ordered; approvals; a stall; and a pause or an abort from before. A `pause` ordered after it, or `spec.paused` put into the resource after it, stops it.",
      "`status.rollout` names the rollout that an abort or a rollback is about, `status.gates` says what each gate answered last, and `status.zones[].pods` has a letter for each pod in ordinal order: `o` of the template before and available, `x` not available; `N` of the new one and available, `n` not yet; `t` on its way out; `.` missing. `outrigger rollout watch` draws it, from the hub's table alone, and ends with 0 when the rollout is Completed, and with 1 when it is Stalled, Refused, aborted, rolled back or gone.",
      "## Zonal shifts",
      "While [ARC](https://docs.aws.amazon.com/eks/latest/userguide/zone-shift.html) shifts the traffic of an EKS cluster away from a zone, by a zonal shift, an autoshift or a practice run, no rollout of that cluster deletes anything: `Held`, reason `ZonalShiftActive`. It is asked with the gates, and only when pods are about to be deleted. A cluster that is not enabled for zonal shift, or is known by a kubeconfig, has no shifts.",
      table(
        ["when ARC", "the rollout"],
        [
          ["tells of an active shift", "is held until it has ended, whatever `ignoreGates` says"],
          [
            "does not answer, breaks, or has a name that DNS does not know",
            "is held, reason `ZonalShiftsUnknown`; `ignoreGates` goes on",
          ],
          [
            "refuses the hub, which lacks `arc-zonal-shift:GetManagedResource`",
            "goes on; the condition `ZonalShiftsKnown` is `False` and says who needs the permission",
          ],
        ],
      ),
      "`outrigger local up` serves the zonal shifts of its clusters at the address it prints as EKS:",
      `\`\`\`sh
export EKS=http://127.0.0.1:PORT AWS_ACCESS_KEY_ID=000000000000 AWS_SECRET_ACCESS_KEY=test
aws arc-zonal-shift start-zonal-shift --endpoint-url "$EKS" --region us-east-1 --expires-in 1h --comment drill \\
  --away-from use1-az1 --resource-identifier arn:aws:eks:us-east-1:000000000000:cluster/local-1
curl --aws-sigv4 aws:amz:us-east-1:arc-zonal-shift --user 000000000000:test -X DELETE "$EKS/zonalshifts/$ID"   # the zonalShiftId it answered
\`\`\``,
    ]),
    "hub-resources.md": page("Resources of the hub", [
      "A resource lives in a cluster (`kubectl apply`) or in the hub (`outrigger apply -f`): for one cluster (`--cluster`), or for all whose labels match, now and later (`--selector`, `--all-clusters`). The file is the same; nothing of it is installed in the clusters, and the status is told by `outrigger describe`.",
      "## The file",
      "YAML or JSON; several documents and a `List` are fine. Fields that Kubernetes adds to `metadata` are let through and not kept.",
      schemaTable(Manifest),
      "## The selector",
      "`--selector` is written as for kubectl: `stage=prod,team!=a,region in (eu,us),!old`. The `api` function takes it as Kubernetes' own selector.",
      schemaTable(ClusterSelector),
      "## What happens when",
      table(
        ["then", "the resource"],
        [
          ["a cluster joins with these labels, or gets them", "is placed there within seconds"],
          ["a cluster loses them", "lets go of what it claimed there, then is gone from there"],
          ["a cluster is deregistered", "goes from there with it; one applied to it by name is gone"],
          ["it is applied again", "gets the next generation everywhere, if spec or selector differ"],
          ["it is deleted", "is marked, lets go in each cluster, and is gone with the last one"],
          ["the same name was applied to a cluster by `--cluster`", "stays out of that cluster: phase `Conflict`"],
          [
            "the registration of a cluster cannot be read (another version wrote it, or somebody edited it)",
            "stays there as it is, phase `Unreadable`; it goes on, and a delete ends, once the registration can be read",
          ],
          [
            "the same name lives in the cluster itself",
            "is not acted upon, nor is the other: condition `HomeConflict` on both until one of them is deleted",
          ],
        ],
      ),
    ]),
    "events.md": page("Events", [
      "One sample of each is in `events/`.",
      "## Accepted",
      "Put them on the stack's bus (output `BusName`); any source will do. The tables are of `detail`.",
      ...sections(ACCEPTED_EVENTS, schemaTable),
      "## Emitted",
      "On the same bus, with source `outrigger`.",
      ...sections(EMITTED_EVENTS, schemaTable),
    ]),
    "options.md": page("Options of the stack", [
      "Context keys of the app (`npx cdk deploy -c KEY=VALUE`, a list with commas), checked at synthesis.",
      "## Of the stack and of the construct",
      "Each is a property of the construct `Outrigger` as well.",
      schemaTable(OutriggerOptions),
      "## Of the stack alone",
      schemaTable(AppOptions),
    ]),
    "environment.md": page("Environment of the functions", [
      "Set by the infrastructure, parsed at start by each function.",
      ...sections(environments, schemaTable),
    ]),
    "metrics.md": page("Metrics", [
      `Namespace \`${METRICS_NAMESPACE}\`, one dimension: \`Stack\`, the name of the stack. Written as embedded metric format in the functions' logs; none is per cluster.`,
      table(
        ["metric", "unit", "written by", "meaning"],
        Object.entries(METRICS).map(([name, { unit, by, meaning }]) => [`\`${name}\``, unit, by.join(", "), meaning]),
      ),
    ]),
    "alarms.md": page("Alarms", [
      "Each reaches the topic in the stack's output `AlarmTopicArn` when it goes off and when it is over, and names its runbook.",
      ...[...Map.groupBy(deployedAlarms(), ({ kind }) => kind)].flatMap(([kind, alarms]) => [
        `## ${kind}`,
        `Runbook: [${kind}](../runbooks/${kind}.md)`,
        table(
          ["alarm", "metric", "goes off at"],
          alarms.map(({ what, metric, when }) => [what, metric, when]),
        ),
      ]),
    ]),
    "commands.md": page("Commands", commandSections()),
    "rbac.md": page("Roles in the clusters", [
      "One role for each capability a registration names, bound to the group `outrigger`, one to install what it needs, and optional ones.",
      ...sections(SHIPPED_ROLES, ({ purpose, clusterWide, namespaced }) =>
        [purpose, rules("In the whole cluster", clusterWide), rules("In each namespace it covers", namespaced)].join(
          "\n\n",
        ),
      ),
    ]),
  };
}

function page(title: string, parts: string[]): string {
  return `${["<!-- Written by `npm run docs`. -->", `# ${title}`, ...parts].filter((part) => part !== "").join("\n\n")}\n`;
}

/** A section for each entry; what is the very same as an earlier one says so. */
function sections<T>(named: Record<string, T>, body: (value: T) => string): string[] {
  const entries = Object.entries(named);
  return entries.flatMap(([name, value]) => {
    const [first = name] = entries.find(([, other]) => other === value) ?? [];
    return [`### ${name}`, first === name ? body(value) : `As ${first}.`];
  });
}

function rules(where: string, list: readonly PolicyRule[]): string {
  if (list.length === 0) return "";
  const rows = list.map(({ apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [], verbs }) => {
    const only = resourceNames.length === 0 ? "" : ` (only ${resourceNames.join(", ")})`;
    const group = apiGroups.map((name) => (name === "" ? "core" : name)).join(", ");
    return [
      nonResourceURLs.length > 0 ? "–" : group,
      `${[...resources, ...nonResourceURLs].join(", ")}${only}`,
      verbs.join(", "),
    ];
  });
  return `${where}:\n\n${table(["API group", "resources", "verbs"], rows)}`;
}
