import { describe, expect, test } from "vitest";
import { writeJson } from "../../../lib/kubernetes/json.ts";
import { readYaml, readYamlDocuments, YamlError } from "../../../lib/kubernetes/yaml.ts";

/** What `YAMLToJSONStrict` of sigs.k8s.io/yaml 1.6.0 made of `v: <scalar>`; the rows were printed by that library. */
const SCALARS: [scalar: string, json: string][] = [
  ...["yes", "Yes", "YES", "y", "Y", "on", "On", "ON", "true", "True", "TRUE"].map((s): [string, string] => [
    s,
    "true",
  ]),
  ...["no", "No", "NO", "n", "N", "off", "OFF", "false", "False"].map((s): [string, string] => [s, "false"]),
  ...["~", "null", "Null", "NULL", ""].map((s): [string, string] => [s, "null"]),
  ["oN", '"oN"'],
  ["tRue", '"tRue"'],
  ["nUll", '"nUll"'],
  ["0644", "420"],
  ["0o644", "420"],
  ["0O17", "15"],
  ["-0644", "-420"],
  ["+0644", "420"],
  ["0777_7", "4095"],
  ["0899", "899"],
  ["08", "8"],
  ["0x1F", "31"],
  ["0X1f", "31"],
  ["-0x1F", "-31"],
  ["+0x1", "1"],
  ["0x_1F", "31"],
  ["0b101", "5"],
  ["-0b11", "-3"],
  ["0B1", "1"],
  ["0o", '"0o"'],
  ["0x", '"0x"'],
  ["1_000", "1000"],
  ["1__0", "10"],
  ["1_", "1"],
  ["_1", '"_1"'],
  ["+12", "12"],
  ["-0", "0"],
  ["00", "0"],
  ["9007199254740993", "9007199254740993"],
  ["9223372036854775807", "9223372036854775807"],
  ["18446744073709551615", "18446744073709551615"],
  ["18446744073709551616", "18446744073709552000"],
  ["-9223372036854775808", "-9223372036854775808"],
  ["-9223372036854775809", "-9223372036854776000"],
  ["1.0", "1"],
  ["1.50", "1.5"],
  ["1.", "1"],
  ["-.5", "-0.5"],
  [".5", "0.5"],
  ["+.5", "0.5"],
  ["1e3", "1000"],
  ["1e-7", "1e-7"],
  ["1E+2", "100"],
  ["1e21", "1e+21"],
  ["12e03", "12000"],
  ["1_0.5", "10.5"],
  ["685_230.15", "685230.15"],
  ["3.0e-5", "0.00003"],
  ["1e400", '"1e400"'],
  ["1:30", '"1:30"'],
  ["190:20:30", '"190:20:30"'],
  ["2001-12-14", '"2001-12-14"'],
  ["2001-12-14t21:59:43.10-05:00", '"2001-12-14t21:59:43.10-05:00"'],
  ["inf", '"inf"'],
  ["=", '"="'],
  ["<<", '"<<"'],
  ['"yes"', '"yes"'],
  ["'0644'", '"0644"'],
  ["! 12", '"12"'],
  ["!!str 12", '"12"'],
  ["!!str yes", '"yes"'],
  ['!!int "12"', "12"],
  ["!!float 1", "1"],
  ['!!bool "yes"', "true"],
  ["!!binary aGk=", '"hi"'],
  ["!!str", '""'],
  ["!custom x", '"x"'],
];

describe("a scalar is read as Kubernetes reads it", () => {
  test.each(SCALARS)("%s is %s", (scalar, json) => {
    expect(writeJson(readYaml(`v: ${scalar}\n`, "text"))).toBe(`{"v":${json}}`);
  });
});

const DOCUMENTS: [name: string, yaml: string, json: string][] = [
  ["a boolean word as key", "yes: 1\noff: 2", '{"true":1,"false":2}'],
  [
    "numbers as keys",
    "0644: a\n1.5: b\n0x10: c\n9007199254740993: d",
    '{"16":"c","420":"a","1.5":"b","9007199254740993":"d"}',
  ],
  ["a date as key", "2001-01-01: a", '{"2001-01-01":"a"}'],
  ["an alias", "a: &x {b: 1}\nc: *x", '{"a":{"b":1},"c":{"b":1}}'],
  ["a merge", "a: &x {b: 1}\nc:\n  <<: *x\n  d: 2", '{"a":{"b":1},"c":{"b":1,"d":2}}'],
  ["a literal block", "a: |\n  x\n  y\n", '{"a":"x\\ny\\n"}'],
  ["a folded block", "a: >-\n  x\n  y\n", '{"a":"x y"}'],
  ["a flow list", "a: [yes, 'yes', 0o17]", '{"a":[true,"yes",15]}'],
  ["a directive", "%YAML 1.1\n---\na: 0644", '{"a":420}'],
  ["JSON", '{"a": ["b", 1, true, null]}', '{"a":["b",1,true,null]}'],
  ["a key named __proto__", "__proto__: 1", '{"__proto__":1}'],
  ["nothing", "# only a comment\n", "null"],
];

test.each(DOCUMENTS)("%s is read as Kubernetes reads it", (_name, yaml, json) => {
  expect(writeJson(readYaml(yaml, "text"))).toBe(json);
});

const REFUSED: [name: string, yaml: string, message: string][] = [
  ["a key twice", "a: 1\nb: 2\na: 3", "text, line 3, column 1: the same key stands twice in one map"],
  ["a key twice in two spellings", "1: a\n'1': b", "text, line 2, column 1: the same key stands twice in one map"],
  ["infinity", "a:\n  b: .inf", "text, line 2, column 6: .inf is no JSON value"],
  ["not a number", "a: .nan", "text, line 1, column 4: .nan is no JSON value"],
  ["a null key", "~: a", "text, line 1, column 1: a map key must be"],
  ["a list as key", "? [a]\n: b", "text, line 1, column 3: a map key must be"],
  [
    "an alias without anchor, without quoting it",
    "a: *secret",
    "text, line 1, column 1: an alias has no anchor before it",
  ],
  ["a nested map on one line", "a: b: c", "text, line 1, column 4: "],
  ["a tab before a key", "a:\n\tb: 1", "text, line 2, column 1: "],
  ["a wrong explicit type", "a: !!int x", "text, line 1, column 4: a value tagged !!int is none"],
  ["two documents", "a: 1\n---\nb: 2", "text, line 1, column 1: 2 documents where one is expected"],
];

test.each(REFUSED)("%s is refused with its place", (_name, yaml, message) => {
  const read = (): unknown => readYaml(yaml, "text");
  expect(read).toThrow(YamlError);
  expect(read).toThrow(message);
});

test("an alias bomb is refused", () => {
  const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(9)}]`);
  expect(() => readYaml(["l0: &l0 [x]", ...levels].join("\n"), "text")).toThrow(YamlError);
});

test("several documents are read one by one, empty ones left out", () => {
  expect(readYamlDocuments("---\na: 1\n---\n---\n# nothing\n---\nb: yes\n", "text")).toEqual([{ a: 1 }, { b: true }]);
});
