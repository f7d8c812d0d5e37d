import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { putCluster } from "../../local/eks/clusters.ts";
import { type EksEndpoint, serveEks } from "../../local/eks.ts";
import { eksClusterOf } from "../fakes/eks-cluster.ts";
import { askArc } from "./arc-request.ts";

const ARN = "arn:aws:eks:us-east-1:000000000000:cluster/";
let folder: string;
let endpoint: EksEndpoint;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "outrigger-shifts-"));
  const file = join(folder, "clusters.json");
  endpoint = await serveEks({ file });
  for (const name of ["alpha", "beta", "gamma"]) await putCluster(file, eksClusterOf(name));
});
afterAll(async () => {
  await endpoint?.close();
  await rm(folder, { recursive: true, force: true });
});

const ask = (method: string, path: string, body?: object) => askArc(endpoint.url, method, path, body);
const begin = (name: string, changes: object = {}) =>
  ask("POST", "/zonalshifts", {
    resourceIdentifier: `${ARN}${name}`,
    awayFrom: "use1-az2",
    expiresIn: "2h",
    comment: "gray failure",
    ...changes,
  });
const managed = (name: string) => ask("GET", `/managedresources/${encodeURIComponent(`${ARN}${name}`)}`);

test("a cluster nobody has shifted has weights and no shifts", async () => {
  expect(await managed("gamma")).toEqual({
    status: 200,
    body: {
      arn: `${ARN}gamma`,
      name: "gamma",
      appliedWeights: Object.fromEntries([1, 2, 3, 4, 5, 6].map((zone) => [`use1-az${zone}`, 1])),
      zonalShifts: [],
      autoshifts: [],
      zonalAutoshiftStatus: "DISABLED",
    },
  });
});

test("a shift is begun, shown on its cluster only, listed, and canceled", async () => {
  const { status, body } = await begin("alpha");
  const begun = body as { zonalShiftId: string; startTime: number; expiryTime: number };
  expect({ status, body }).toMatchObject({ status: 201, body: { status: "ACTIVE", awayFrom: "use1-az2" } });
  expect(begun.expiryTime - begun.startTime).toBeCloseTo(7_200, 3);

  const shift = { zonalShiftId: begun.zonalShiftId, awayFrom: "use1-az2", comment: "gray failure" };
  expect(await managed("alpha")).toMatchObject({
    body: { zonalShifts: [{ ...shift, appliedStatus: "APPLIED" }], appliedWeights: { "use1-az1": 1, "use1-az2": 0 } },
  });
  expect(await managed("beta")).toMatchObject({ body: { zonalShifts: [] } });
  expect(await ask("GET", "/zonalshifts?status=ACTIVE")).toMatchObject({ body: { items: [shift] } });
  const ofBeta = `/zonalshifts?resourceIdentifier=${encodeURIComponent(`${ARN}beta`)}`;
  expect(await ask("GET", ofBeta)).toEqual({ status: 200, body: { items: [] } });

  expect(await begin("alpha")).toMatchObject({
    status: 409,
    body: { type: "ConflictException", reason: "ZonalShiftAlreadyExists", zonalShiftId: begun.zonalShiftId },
  });
  const cancel = () => ask("DELETE", `/zonalshifts/${begun.zonalShiftId}`);
  expect(await cancel()).toMatchObject({ status: 200, body: { ...shift, status: "CANCELED" } });
  expect(await managed("alpha")).toMatchObject({ body: { zonalShifts: [] } });
  expect(await ask("GET", "/zonalshifts?status=CANCELED")).toMatchObject({ body: { items: [shift] } });
  expect(await cancel()).toMatchObject({ status: 409, body: { reason: "ZonalShiftStatusNotActive" } });
});

describe("what the real service refuses is refused", () => {
  const rows: Record<string, [() => Promise<unknown>, object]> = {
    "an unknown cluster": [
      () => managed("nobody"),
      { status: 404, body: { type: "ResourceNotFoundException", message: expect.stringContaining(`${ARN}nobody`) } },
    ],
    "a shift of an unknown cluster": [() => begin("nobody"), { status: 404 }],
    "a zone's name instead of its id": [
      () => begin("beta", { awayFrom: "us-east-1a" }),
      { status: 400, body: { type: "ValidationException", reason: "InvalidAz" } },
    ],
    "more than 72 hours": [
      () => begin("beta", { expiresIn: "73h" }),
      { status: 400, body: { reason: "InvalidExpiresIn" } },
    ],
    "a duration that is none": [() => begin("beta", { expiresIn: "soon" }), { status: 400 }],
    "no comment": [() => begin("beta", { comment: undefined }), { status: 400, body: { reason: "MissingValue" } }],
    "an unknown shift": [() => ask("DELETE", "/zonalshifts/none"), { status: 404 }],
    "an operation that is not offered": [
      () => ask("GET", "/autoshifts"),
      { status: 404, body: { type: "UnknownOperationException" } },
    ],
  };
  test.each(Object.entries(rows))("%s", async (_what, [asking, answer]) => {
    expect(await asking()).toMatchObject(answer);
  });
});

test("other regions have other zone ids", async () => {
  const file = join(folder, "sydney.json");
  const sydney = await serveEks({ file });
  await putCluster(file, { ...eksClusterOf("delta"), region: "ap-southeast-2" });
  const arn = "arn:aws:eks:ap-southeast-2:000000000000:cluster/delta";
  const Credential = "AKIA/20261121/ap-southeast-2/arc-zonal-shift/aws4_request";
  const response = await fetch(`${sydney.url}/managedresources/${encodeURIComponent(arn)}`, {
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=${Credential}, SignedHeaders=host, Signature=0` },
  });
  expect(await response.json()).toMatchObject({ appliedWeights: { "apse2-az1": 1 } });
  await sydney.close();
});
