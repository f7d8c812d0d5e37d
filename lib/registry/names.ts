import * as z from "zod";

/** Name of a registered cluster. `#` is ours (it separates the parts of table keys), so it is not allowed. */
export const ClusterName = z
  .string({
    error: (issue) => (issue.input === undefined ? "is missing: give the cluster a name" : "must be a string"),
  })
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/,
    "must start with a letter or digit and hold only letters, digits, `.`, `_`, `-` (1 to 253)",
  );

/** An RFC 1123 label, as Kubernetes wants namespaces. */
export const NamespaceName = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    "must be a namespace name: lower case letters, digits and `-`, e.g. `mimir-prod`",
  );

/** An RFC 1123 subdomain, as Kubernetes wants most object names. */
export const ObjectName = z
  .string()
  .max(253)
  .regex(
    /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/,
    "must be the name of a Kubernetes object: lower case letters, digits, `-` and `.`, e.g. `ingester`",
  );

const LABEL_NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const LABEL_PREFIX = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

function isLabelKey(key: string): boolean {
  const slash = key.indexOf("/");
  if (slash === -1) return LABEL_NAME.test(key);
  return LABEL_PREFIX.test(key.slice(0, slash)) && LABEL_NAME.test(key.slice(slash + 1));
}

/** Labels of a cluster: the syntax of Kubernetes labels, so that the same selectors work on clusters. */
export const ClusterLabels = z.record(z.string(), z.string()).superRefine((labels, context) => {
  for (const [key, value] of Object.entries(labels)) {
    if (!isLabelKey(key))
      context.addIssue({
        code: "custom",
        path: [key],
        message: "is no label key (`name` or `prefix/name`, name up to 63 characters)",
      });
    if (value !== "" && !LABEL_NAME.test(value)) {
      context.addIssue({
        code: "custom",
        path: [key],
        message: `has the value "${value}", which is no label value (up to 63 letters, digits, \`.\`, \`_\`, \`-\`)`,
      });
    }
  }
});

/** Reads `WATCH_NAMESPACE`: a comma list; empty = all namespaces. */
export function parseNamespaceList(text: string): string[] {
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}
