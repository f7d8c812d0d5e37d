import { expect, test } from "vitest";
import { typedPath } from "../../cli/typed-path.ts";

const rows: Record<string, [environment: Record<string, string>, path: string, meant: string]> = {
  "from where npm run was typed, in a checkout": [
    { INIT_CWD: "/manifests", npm_package_name: "outrigger" },
    "a/b.yaml",
    "/manifests/a/b.yaml",
  ],
  "a whole path stays": [{ INIT_CWD: "/manifests", npm_package_name: "outrigger" }, "/tmp/b.yaml", "/tmp/b.yaml"],
  "the installed command takes it as it is": [{}, "b.yaml", "b.yaml"],
  "so does a script of somebody else's package": [
    { INIT_CWD: "/app/src", npm_package_name: "app" },
    "b.yaml",
    "b.yaml",
  ],
};

test.each(Object.entries(rows))("%s", (_sentence, [environment, path, meant]) => {
  expect(typedPath(path, environment)).toBe(meant);
});
