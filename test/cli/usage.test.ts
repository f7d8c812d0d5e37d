import { describe, expect, test } from "vitest";
import type { FindHub } from "../../cli/command-environment.ts";
import { runCommand } from "../../cli/run.ts";

const nobody: FindHub = async () => {
  throw new Error("no hub is to be asked");
};

/** Runs a command line and collects what it printed. */
async function run(words: string[]) {
  let [stdout, stderr] = ["", ""];
  const streams = { stdout: (text: string) => void (stdout += text), stderr: (text: string) => void (stderr += text) };
  const exitCode = await runCommand(words, streams, nobody);
  return { exitCode, stdout, stderr };
}

/** A wrong command line, what is said to be wrong, and what would be right. */
const cases: [line: string, wrong: RegExp, right: RegExp][] = [
  // Commands.
  ["fly", /unknown command 'fly'/, /Commands of `outrigger` are cluster, .*doctor/],
  ["clutser list", /unknown command 'clutser'/, /Did you mean cluster\?/],
  ["cluster lst", /unknown command 'lst'/, /Did you mean list\?/],
  ["cluster", /`outrigger cluster` needs a command/, /Add one of register, list, get/],
  ["local", /`outrigger local` needs a command/, /Add one of up, down/],
  // Options.
  ["cluster list --colour", /unknown option '--colour'/, /Its options are --help, --output, --stack, --local/],
  ["cluster list --ouput json", /unknown option '--ouput'/, /Did you mean --output\?/],
  ["get MultiAZRollout --all-namespace", /unknown option '--all-namespace'/, /Did you mean --all-namespaces\?/],
  ["status -x", /unknown option '-x'/, /Its options are/],
  ["cluster list -o xml", /'xml' is invalid/, /Allowed choices are table, json, yaml/],
  ["cluster list -o jsno", /'jsno' is invalid/, /Did you mean json\?/],
  ["cluster list -o", /option '-o, --output <format>' argument missing/, /Give it one of table, json, yaml\./],
  [
    "--stack",
    /option '--stack <name>' argument missing/,
    /Give it a value, e\.g\. `outrigger --stack Outrigger cluster list`/,
  ],
  [
    "get MultiAZRollout -A -n mimir",
    /'-A, --all-namespaces' cannot be used with option '-n, --namespace <name>'/,
    /Leave one of them out/,
  ],
  // Arguments.
  [
    "cluster get",
    /missing required argument 'name'/,
    /Write it as `outrigger cluster get <name>`, e\.g\. `outrigger cluster get prod-eu`/,
  ],
  ["get", /missing required argument 'kind'/, /Write it as `outrigger get <kind> \[name\]`/],
  ["cluster list prod", /too many arguments for 'list'/, /Write it as `outrigger cluster list`/],
  [
    "reconcile MultiAZRollout/a",
    /required option '--cluster <name>' not specified/,
    /Add it, e\.g\. `outrigger reconcile MultiAZRollout\/ingester -n mimir --cluster prod-eu`/,
  ],
  ["completion tcsh", /'tcsh' is invalid/, /Allowed choices are bash, zsh, fish/],
  // Kinds and names.
  ["get StatefulSet", /Kind StatefulSet: Outrigger works on no such kind/, /Use one of .*MultiAZRollout/],
  ["get StatefulSet/ingester", /Kind StatefulSet: Outrigger works on no such kind/, /Use one of .*MultiAZRollout/],
  ["get MultiAZRollout/a b", /MultiAZRollout\/a\/b/, /write it as KIND\/NAME/],
  ["rollout status StatefulSet/ingester", /Kind StatefulSet: Outrigger works on no such kind/, /Use one of/],
  ["rollout pause Discovery/prod-eu", /Discovery\/prod-eu: Discovery is not rolled/, /Name a MultiAZRollout/],
  ["get MultiAZRolout", /Kind MultiAZRolout/, /Did you mean MultiAZRollout\?/],
  ["get MultiAZRollout Upper", /Name "Upper"/, /must be the name of a Kubernetes object/],
  [
    "get MultiAZRollout -n Mimir_Prod",
    /Namespace "Mimir_Prod"/,
    /must be a namespace name: lower case .*, e\.g\. `mimir-prod`/,
  ],
  ["get MultiAZRollout --cluster a#b", /Cluster "a#b"/, /letters, digits/],
  ["cluster get -x", /unknown option '-x'/, /Its options are/],
  ["cluster get .prod", /Cluster "\.prod"/, /must start with a letter or digit/],
  ["cluster deregister a#b", /Cluster a#b: name/, /must start with a letter or digit/],
  [
    "reconcile MultiAZRollout --cluster c",
    /MultiAZRollout/,
    /write it as KIND\/NAME, e\.g\. MultiAZRollout\/ingesters/,
  ],
  ["reconcile MultiAZRollout/a/b --cluster c", /MultiAZRollout\/a\/b/, /write it as KIND\/NAME/],
  ["reconcile MultiAZRollout/UPPER --cluster c", /Name "UPPER"/, /must be the name of a Kubernetes object/],
  ["reconcile MultiAZRollout/a --cluster c -n A", /Namespace "A"/, /must be a namespace name/],
  // Values.
  ["cluster register c --kubeconfig-secret s --monitor-interval 5s", /--monitor-interval: 5s/, /outside 10s\.\.1h/],
  [
    "cluster register c --kubeconfig-secret s --discover-interval soon",
    /--discover-interval: "soon" is no duration/,
    /write it as Go does, e\.g\. `30s`/,
  ],
  [
    "cluster register c --kubeconfig-secret s --monitor-interval 10500ms",
    /--monitor-interval: 10500ms/,
    /not a whole number of seconds/,
  ],
  [
    "cluster register c",
    /Cluster c: names no access/,
    /give exactly one of --arn, --region\+--account, --kubeconfig-secret/,
  ],
  [
    "cluster register c --kubeconfig-secret s --region eu-west-1 --account 123456789012",
    /names 2 kinds of access/,
    /keep exactly one/,
  ],
  ["cluster register c --region eu-west-1", /--region and --account belong together/, /give both or the --arn/],
  [
    "cluster register c --arn nonsense",
    /--arn/,
    /must be the ARN of an EKS cluster, arn:aws:eks:REGION:ACCOUNT:cluster\/NAME/,
  ],
  [
    "cluster register c --region Europe --account 123456789012",
    /--region/,
    /must be an AWS region, e\.g\. `eu-west-1`/,
  ],
  ["cluster register c --region eu-west-1 --account 12", /--account/, /12 digits/],
  ["cluster register c --kubeconfig-secret s --external-id four", /--external-id/, /give --role-arn too/],
  ["cluster register c --kubeconfig-secret s --capability fly", /--capability/, /must be one of observe, rollouts/],
  ["cluster register c --kubeconfig-secret s -l stage", /argument 'stage' is invalid/, /Write it as name=value/],
  ["cluster register c --kubeconfig-secret s -l stage=a/b", /--label\.stage: has the value "a\/b"/, /up to 63 letters/],
  ["cluster register c --kubeconfig-secret s --allow-url prometheus", /--allow-url/, /"prometheus" is no URL/],
  ["cluster register c --kubeconfig-secret s --timeout -1", /'-1' is invalid/, /Give a whole number, 0 or more/],
  ["get MultiAZRollout --for Completed", /--for Completed/, /write it as phase=PHASE, condition=TYPE/],
  [
    "get MultiAZRollout --for phase=completed",
    /--for phase=completed: there is no such phase/,
    /Did you mean Completed\?/,
  ],
  ["rollout watch a --for phase=Ready", /--for phase=Ready: there is no such phase/, /Use one of Idle, Progressing, /],
  ["get MultiAZRollout --timeout 5", /--timeout: nothing is waited for/, /Add --watch or --for/],
  [
    "rollout",
    /`outrigger rollout` needs a command/,
    /Add one of status, watch, plan, pause, resume, approve, abort, rollback/,
  ],
  ["rollout abrot a", /unknown command 'abrot'/, /Did you mean abort\?/],
  ["rollout roll-back a", /unknown command 'roll-back'/, /Did you mean rollback\?/],
  [
    "rollout abort",
    /missing required argument 'name'/,
    /Write it as `outrigger rollout abort <name>`, e\.g\. `outrigger rollout abort ingester -n mimir --cluster prod-eu`/,
  ],
  ["rollout rollback Upper", /Name "Upper"/, /must be the name of a Kubernetes object/],
  ["rollout pause a -n A", /Namespace "A"/, /must be a namespace name/],
  ["rollout resume a --cluster a#b", /Cluster "a#b"/, /letters, digits/],
  ["rollout watch UPPER", /Name "UPPER"/, /must be the name of a Kubernetes object/],
  ["rollout watch a --for Completed", /--for Completed/, /write it as phase=PHASE, condition=TYPE/],
  ["rollout watch a --timeout soon", /'soon' is invalid/, /Give a whole number, 0 or more/],
  ["rollout approve a zone-b", /too many arguments for 'approve'/, /Write it as `outrigger rollout approve <name>`/],
  ["local up --clusters many", /'many' is invalid/, /Give a whole number/],
  ["local up --cluster no-path", /'no-path' is invalid/, /Write it as name=value/],
  ["local up --kubernetes toy", /'toy' is invalid/, /Allowed choices are .*real/],
  ["doctor --kubeconfig path", /'path' is invalid/, /Write it as name=value/],
];

describe("wrong usage ends with exit code 2 and one line: what is wrong, and what would be right", () => {
  test.each(cases)("%s", async (line, wrong, right) => {
    const { exitCode, stdout, stderr } = await run(line.split(" "));
    expect(stderr).toMatch(/^outrigger: /);
    expect(stderr).toMatch(wrong);
    expect(stderr).toMatch(right);
    expect(stderr.split("\n")).toEqual([expect.any(String), ""]);
    expect(stdout).toBe("");
    expect(exitCode).toBe(2);
  });
});

test("without a command the help is shown", async () => {
  const { exitCode, stdout, stderr } = await run([]);
  expect(stdout).toContain("Usage: outrigger [options] [command]");
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
});
