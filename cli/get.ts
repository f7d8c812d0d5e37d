import { askApi } from "./api.ts";
import type { CommandEnvironment } from "./command-environment.ts";
import { nextStepElsewhere } from "./elsewhere.ts";
import { CommandFailure, UsageError } from "./failure.ts";
import { onInterruption } from "./interruption.ts";
import { resolveKind } from "./kinds.ts";
import { checkName } from "./names.ts";
import { printList } from "./output.ts";
import { columnsAt, printResource } from "./resource-table.ts";
import { parseTarget } from "./target.ts";
import { ResourceView } from "./views.ts";
import { watchResources } from "./watch.ts";
import { parseGoal } from "./watch-goal.ts";

interface GetOptions {
  namespace: string;
  allNamespaces: boolean;
  cluster?: string;
  watch: boolean;
  for?: string;
  timeout: number;
}

/** `outrigger get KIND [NAME]`: what the hub knows of resources, without asking their clusters. */
export async function getResources(
  environment: CommandEnvironment,
  kindText: string,
  nameText: string | undefined,
  options: GetOptions,
): Promise<void> {
  const { kind, name } = readTarget(kindText, nameText, options.namespace);
  checkName("Cluster", options.cluster);
  const goal = options.for === undefined ? undefined : parseGoal(options.for);
  const watching = options.watch || goal !== undefined;
  if (options.timeout > 0 && !watching) throw new UsageError("--timeout: nothing is waited for. Add --watch or --for.");

  const hub = await environment.hub();
  const everywhere = options.allNamespaces || kind === "Discovery";
  const request = {
    action: "resource.list" as const,
    kind,
    ...(everywhere ? {} : { namespace: options.namespace }),
    ...(options.cluster === undefined ? {} : { cluster: options.cluster }),
  };
  const scope = `${everywhere ? "any namespace" : `namespace ${options.namespace}`}${
    options.cluster === undefined ? "" : ` of cluster ${options.cluster}`
  }`;
  const load = async (): Promise<ResourceView[]> => {
    const all = ResourceView.array().parse(await askApi(hub, request));
    return name === undefined ? all : all.filter(({ key }) => key.name === name);
  };
  const { output } = environment;
  if (watching) {
    const what = name === undefined ? kind : `${kind} ${name}`;
    return watchResources({ output, load, goal, what, timeoutSeconds: options.timeout, signal: onInterruption() });
  }
  const found = await load();
  if (name === undefined)
    return printList(
      output,
      found,
      columnsAt(new Date()),
      `No ${kind} found in ${scope}.${everywhere ? "" : " With -A all namespaces are looked into."}`,
    );
  const [only] = found;
  if (only === undefined) {
    throw new CommandFailure({
      object: `${kind} ${name}`,
      cause: `the hub knows none of this name in ${scope}`,
      nextStep: await nextStepElsewhere(hub, {
        kind,
        namespace: everywhere ? undefined : options.namespace,
        name,
        cluster: options.cluster,
      }),
    });
  }
  if (found.length > 1) return printList(output, found, columnsAt(new Date()), "");
  await printResource(output, only);
}

/** `KIND`, `KIND NAME` or, as for other commands, `KIND/NAME`. */
function readTarget(kindText: string, nameText: string | undefined, namespace: string) {
  const text = nameText === undefined ? kindText : `${kindText}/${nameText}`;
  if (text.includes("/")) return parseTarget(text, namespace);
  checkName("Namespace", namespace);
  return { ...resolveKind(text), name: undefined };
}
