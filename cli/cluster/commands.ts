import type { CliCommand } from "../command.ts";
import { collectPairs, wholeNumber } from "../parse.ts";
import type { EnvironmentOf } from "../program.ts";

/** `outrigger cluster …`. */
export function addClusterCommands(program: CliCommand, environmentOf: EnvironmentOf): void {
  const cluster = program
    .command("cluster")
    .description("register, look at and deregister clusters")
    .examples("outrigger cluster list");
  cluster
    .command("register <name>")
    .description("register a cluster, or change its registration: what is left out has its default")
    .option("--arn <arn>", "ARN of an EKS cluster")
    .option("--region <region>", "region of an EKS cluster of this name, with --account")
    .option("--account <id>", "account of an EKS cluster of this name, with --region")
    .option("--kubeconfig-secret <name>", "Secrets Manager secret that holds a kubeconfig")
    .option("--role-arn <arn>", "role to assume in the cluster's account")
    .option("--external-id <id>", "external id for that role")
    .option("-l, --label <key=value...>", "label of the cluster", collectPairs)
    .option("--capability <name...>", "what may be done in it (observe, rollouts)")
    .option("--namespace <name...>", "the only namespaces worked in; all when left out")
    .option("--allow-alarm <name...>", "CloudWatch alarms that gates of its rollouts may ask")
    .option("--allow-url <url...>", "Prometheus URLs that gates of its rollouts may ask")
    .option("--monitor-interval <duration>", "time between two probes, e.g. 30s")
    .option("--discover-interval <duration>", "time between two looks for resources, e.g. 30s")
    .option("--no-install-custom-resources", "leave the custom resource definitions alone")
    .option("--no-wait", "return as soon as the event is sent")
    .option("--timeout <seconds>", "how long to wait until it is registered and probed", wholeNumber, 120)
    .examples(
      "outrigger cluster register prod-eu --arn arn:aws:eks:eu-west-1:123456789012:cluster/prod-eu -l stage=prod",
      "outrigger cluster register prod-eu --arn arn:aws:eks:eu-west-1:123456789012:cluster/prod-eu --allow-alarm mimir-request-errors",
      "outrigger cluster register lab --kubeconfig-secret outrigger/lab --capability observe --monitor-interval 30s",
    )
    .action(async (name: string, options, command: CliCommand) => {
      const { registerCluster } = await import("./register.ts");
      await registerCluster(environmentOf(command), name, options);
    });
  cluster
    .command("list")
    .description("all registered clusters with their health")
    .examples("outrigger cluster list", "outrigger cluster list -o json")
    .action(async (_options, command: CliCommand) => {
      const { listClusters } = await import("./list.ts");
      await listClusters(environmentOf(command));
    });
  cluster
    .command("get <name>")
    .description("one cluster: registration, health and its checks")
    .examples("outrigger cluster get prod-eu")
    .action(async (name: string, _options, command: CliCommand) => {
      const { getCluster } = await import("./get.ts");
      await getCluster(environmentOf(command), name);
    });
  cluster
    .command("label <name> <label...>")
    .description("set labels (key=value) and take them away (key-); the hub's resources follow")
    .option("--overwrite", "change labels that have another value", false)
    .option("--no-wait", "return as soon as the event is sent")
    .option("--timeout <seconds>", "how long to wait until it is registered so", wholeNumber, 120)
    .examples("outrigger cluster label prod-eu stage=prod team=metrics", "outrigger cluster label prod-eu stage-")
    .action(async (name: string, labels: string[], options, command: CliCommand) => {
      const { labelCluster } = await import("./label.ts");
      await labelCluster(environmentOf(command), name, labels, options);
    });
  cluster
    .command("kubeconfig <name>")
    .description("a kubeconfig for kubectl, used with your own credentials")
    .examples("outrigger cluster kubeconfig prod-eu > prod-eu.yaml")
    .action(async (name: string, _options, command: CliCommand) => {
      const { showKubeconfig } = await import("./kubeconfig.ts");
      await showKubeconfig(environmentOf(command), name);
    });
  cluster
    .command("deregister <name>")
    .description("deregister a cluster; its workloads stay")
    .option("--force", "do not clean up in the cluster (it is gone)", false)
    .option("--no-wait", "return as soon as the event is sent")
    .option("--timeout <seconds>", "how long to wait until it is deregistered", wholeNumber, 120)
    .examples("outrigger cluster deregister prod-eu", "outrigger cluster deregister lab --force")
    .action(async (name: string, options, command: CliCommand) => {
      const { deregisterCluster } = await import("./deregister.ts");
      await deregisterCluster(environmentOf(command), name, options);
    });
}
