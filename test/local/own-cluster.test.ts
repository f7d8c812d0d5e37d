import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { inlineFiles, readOwnCluster } from "../../local/own-cluster.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "outrigger-kubeconfig-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const base64 = (text: string): string => Buffer.from(text).toString("base64");

test("paths in a kubeconfig become contents, read from beside it", () => {
  writeFileSync(join(folder, "ca.crt"), "ca");
  writeFileSync(join(folder, "key.pem"), "key");
  const text = stringify({
    clusters: [{ name: "c", cluster: { server: "https://c", "certificate-authority": "ca.crt" } }],
    users: [{ name: "u", user: { "client-key": join(folder, "key.pem"), "client-certificate-data": "inline" } }],
  });
  expect(parse(inlineFiles(text, folder))).toEqual({
    clusters: [{ name: "c", cluster: { server: "https://c", "certificate-authority-data": base64("ca") } }],
    users: [{ name: "u", user: { "client-key-data": base64("key"), "client-certificate-data": "inline" } }],
  });
});

test("a kubeconfig that cannot be read is named, with what to give instead", async () => {
  await expect(readOwnCluster("mine", join(folder, "missing"))).rejects.toThrow(
    /^Cluster mine: its kubeconfig cannot be used: ENOENT.*Give --cluster NAME=PATH/,
  );
});
