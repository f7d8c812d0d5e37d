import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Where the Go modules that name the published commands live. */
export const MODULES_DIRECTORY: string = join(import.meta.dirname, "modules");

/** One `go build` call: a module of ours and the commands built in it. */
export interface BuildStep {
  /** Folder below {@link MODULES_DIRECTORY}. */
  module: string;
  /** Name of the binary → import path of its main package. */
  commands: Readonly<Record<string, string>>;
  linkerFlags: string;
}

/** The whole build: what is built, and a key that changes when the result would. */
export interface Recipe {
  steps: readonly BuildStep[];
  /** Published Kubernetes version, e.g. `v1.35.4`. */
  kubernetesVersion: string;
  /** Least Go version the modules ask for, e.g. `1.26.0`. */
  goVersion: string;
  /** Hash over every go.mod and go.sum, the flags and the platform; 16 hexadecimal digits. */
  key: string;
}

const STRIP = "-s -w";

/** Reads the modules and states what to build from them. */
export async function readRecipe(modules: string = MODULES_DIRECTORY): Promise<Recipe> {
  const names = ["etcd", "kubernetes", "kwok"];
  const files = await Promise.all(
    names.flatMap((name) => ["go.mod", "go.sum"].map((file) => readFile(join(modules, name, file), "utf8"))),
  );
  const text = files.join("\n");
  const kubernetesVersion = /k8s\.io\/kubernetes (v\d+\.\d+\.\d+)/.exec(text)?.[1];
  if (kubernetesVersion === undefined)
    throw new Error(`${modules}/kubernetes/go.mod names no version of k8s.io/kubernetes.`);
  const steps: BuildStep[] = [
    { module: "etcd", commands: { etcd: "go.etcd.io/etcd/server/v3" }, linkerFlags: STRIP },
    { module: "kwok", commands: { kwok: "sigs.k8s.io/kwok/cmd/kwok" }, linkerFlags: STRIP },
    {
      module: "kubernetes",
      commands: {
        "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
        "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
        "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
      },
      linkerFlags: `${STRIP} ${versionFlags(kubernetesVersion)}`,
    },
  ];
  const key = createHash("sha256")
    .update(text)
    .update(JSON.stringify(steps))
    .update(`${process.platform}/${process.arch}`);
  const goVersions = [...text.matchAll(/^go (\d+\.\d+(?:\.\d+)?)$/gm)].map((match) => match[1] ?? "");
  return {
    steps,
    kubernetesVersion,
    goVersion: goVersions.reduce((most, version) => (compareVersions(version, most) > 0 ? version : most), "1.0"),
    key: key.digest("hex").slice(0, 16),
  };
}

/** The build stamps that a release of Kubernetes carries; without them `/version` answers v0.0.0. */
function versionFlags(version: string): string {
  const [major, minor] = version.slice(1).split(".");
  return [
    `-X k8s.io/component-base/version.gitVersion=${version}`,
    `-X k8s.io/component-base/version.gitMajor=${major}`,
    `-X k8s.io/component-base/version.gitMinor=${minor}`,
    `-X k8s.io/client-go/pkg/version.gitVersion=${version}`,
  ].join(" ");
}

/** @returns below 0, 0 or above 0, comparing dotted numbers (`1.26` equals `1.26.0`). */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  for (let at = 0; at < 3; at += 1) {
    const difference = (left?.[at] ?? 0) - (right?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
