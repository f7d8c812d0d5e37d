import type { Deployment } from "../kubernetes/objects.ts";

/** Images and labels of controllers that delete StatefulSet pods by zone. */
const FOREIGN = /rollout-operator|zone-aware-(controllers|updates)/;

/**
 * A Deployment that runs such a controller and watches `namespace`, in words; undefined when there is none. One whose
 * arguments and WATCH_NAMESPACE name no namespace watches all of them.
 */
export function findForeignController(deployments: readonly Deployment[], namespace: string): string | undefined {
  const found = deployments.find(
    (deployment) => runs(deployment) && isForeign(deployment) && covers(deployment, namespace),
  );
  if (found === undefined) return undefined;
  return `Deployment ${found.metadata.namespace ?? ""}/${found.metadata.name} (${imageOf(found)})`;
}

function runs({ spec }: Deployment): boolean {
  return (spec.replicas ?? 1) > 0;
}

function isForeign(deployment: Deployment): boolean {
  const labels = { ...deployment.spec.template.metadata?.labels, ...deployment.metadata.labels };
  const named = ["app.kubernetes.io/name", "app.kubernetes.io/component", "app", "name"].flatMap(
    (key) => labels[key] ?? [],
  );
  const images = containersOf(deployment).map(({ image = "" }) => image.split("/").at(-1)?.split(/[:@]/)[0] ?? "");
  return [...named, ...images].some((text) => FOREIGN.test(text));
}

function covers(deployment: Deployment, namespace: string): boolean {
  const own = deployment.metadata.namespace ?? "";
  const watched = containersOf(deployment).flatMap(({ args = [], command = [], env = [] }) => {
    const resolve = (text: string): string =>
      text.replace(/\$\((\w+)\)/g, (whole, name: string) => {
        const variable = env.find((each) => each.name === name);
        return variable === undefined ? whole : (variable.value ?? own);
      });
    const fromEnv = env.filter(({ name }) => name === "WATCH_NAMESPACE").map(({ value }) => value ?? own);
    return [...fromEnv, ...namespaceArguments([...command, ...args])].map(resolve);
  });
  const names = watched.flatMap((text) => text.split(",")).map((text) => text.trim());
  return watched.length === 0 || names.includes("") || names.includes(namespace);
}

function namespaceArguments(words: readonly string[]): string[] {
  return words.flatMap((word, index) => {
    const match = /^--?(?:kubernetes\.|watch-)?namespaces?(?:=(.*))?$/.exec(word);
    return match === null ? [] : [match[1] ?? words[index + 1] ?? ""];
  });
}

const containersOf = ({ spec }: Deployment) => spec.template.spec?.containers ?? [];

const imageOf = (deployment: Deployment): string => containersOf(deployment)[0]?.image ?? "no image";
