import { randomUUID } from "node:crypto";
import { z } from "zod";
import { clusterArn, readClusters } from "./clusters.ts";
import { EksError } from "./operations.ts";

/** A zonal shift that somebody has begun. Times are milliseconds since 1970. */
interface Shift {
  zonalShiftId: string;
  resourceIdentifier: string;
  awayFrom: string;
  startMs: number;
  expiryMs: number;
  comment: string;
  canceled: boolean;
}

/** What one endpoint knows: the clusters' file, and the shifts begun through it, the oldest first. */
export interface ShiftContext {
  file: string;
  region: string;
  shifts: Shift[];
}

export interface ShiftRequest {
  method: string;
  url: URL;
  body: unknown;
}

const MINUTE_MS = 60_000;
const LONGEST_MS = 72 * 60 * MINUTE_MS;

/** As StartZonalShift takes it. */
const Start = z.object({
  resourceIdentifier: z.string().min(8),
  awayFrom: z.string().min(1),
  expiresIn: z.string().regex(/^[1-9]\d*[mh]$/),
  comment: z.string().max(128),
});

interface Route {
  method: string;
  path: RegExp;
  status: number;
  run: (context: ShiftContext, label: string, request: ShiftRequest) => unknown;
}

const ROUTES: readonly Route[] = [
  { method: "GET", path: /^\/managedresources\/([^/]+)$/, status: 200, run: getManagedResource },
  { method: "GET", path: /^\/zonalshifts$/, status: 200, run: listShifts },
  { method: "POST", path: /^\/zonalshifts$/, status: 201, run: startShift },
  { method: "DELETE", path: /^\/zonalshifts\/([^/]+)$/, status: 200, run: cancelShift },
];

/**
 * GetManagedResource, ListZonalShifts, StartZonalShift and CancelZonalShift of ARC zonal shift (2022-10-30). Every local
 * cluster is enabled for zonal shift.
 * @throws EksError with the exception the real service would send.
 */
export async function runShiftOperation(
  request: ShiftRequest,
  context: ShiftContext,
): Promise<{ status: number; body: unknown }> {
  for (const { method, path, status, run } of ROUTES) {
    const match = method === request.method ? path.exec(request.url.pathname) : null;
    if (match === null) continue;
    return { status, body: await run(context, decodeURIComponent(match[1] ?? ""), request) };
  }
  const message = `The local ARC zonal shift has no ${request.method} ${request.url.pathname}.`;
  throw new EksError(404, "UnknownOperationException", message);
}

async function getManagedResource(context: ShiftContext, arn: string): Promise<unknown> {
  const name = await nameOfCluster(context, arn);
  const active = context.shifts.filter((shift) => shift.resourceIdentifier === arn && statusOf(shift) === "ACTIVE");
  const away = new Set(active.map(({ awayFrom }) => awayFrom));
  return {
    arn,
    name,
    appliedWeights: Object.fromEntries(zoneIds(context.region).map((zone) => [zone, away.has(zone) ? 0 : 1])),
    zonalShifts: active.map((shift) => ({ ...shown(shift), appliedStatus: "APPLIED", shiftType: "ZONAL_SHIFT" })),
    autoshifts: [],
    zonalAutoshiftStatus: "DISABLED",
  };
}

function listShifts({ shifts }: ShiftContext, _label: string, { url }: ShiftRequest): unknown {
  const [status, arn] = [url.searchParams.get("status"), url.searchParams.get("resourceIdentifier")];
  const items = shifts.filter(
    (shift) => (arn === null || arn === shift.resourceIdentifier) && (status === null || status === statusOf(shift)),
  );
  return { items: items.map((shift) => ({ ...shown(shift), status: statusOf(shift), shiftType: "ZONAL_SHIFT" })) };
}

async function startShift(context: ShiftContext, _label: string, { body }: ShiftRequest): Promise<unknown> {
  const parsed = Start.safeParse(body);
  if (!parsed.success) throw invalid("MissingValue", z.prettifyError(parsed.error));
  const { resourceIdentifier, awayFrom, expiresIn, comment } = parsed.data;
  const lastsMs = Number.parseInt(expiresIn, 10) * (expiresIn.endsWith("h") ? 60 : 1) * MINUTE_MS;
  if (lastsMs > LONGEST_MS) throw invalid("InvalidExpiresIn", "A zonal shift lasts 72 hours at most.");
  const zones = zoneIds(context.region);
  if (!zones.includes(awayFrom)) throw invalid("InvalidAz", `awayFrom is none of ${zones.join(", ")}.`);
  await nameOfCluster(context, resourceIdentifier);
  const active = context.shifts.find(
    (shift) => shift.resourceIdentifier === resourceIdentifier && statusOf(shift) === "ACTIVE",
  );
  if (active !== undefined) {
    const more = { reason: "ZonalShiftAlreadyExists", zonalShiftId: active.zonalShiftId };
    throw new EksError(409, "ConflictException", "The resource has an active zonal shift.", more);
  }
  const startMs = Date.now();
  const zonalShiftId = randomUUID();
  const times = { startMs, expiryMs: startMs + lastsMs };
  const shift: Shift = { zonalShiftId, resourceIdentifier, awayFrom, comment, ...times, canceled: false };
  context.shifts.push(shift);
  return { ...shown(shift), status: "ACTIVE" };
}

function cancelShift({ shifts }: ShiftContext, id: string): unknown {
  const shift = shifts.find(({ zonalShiftId }) => zonalShiftId === id);
  if (shift === undefined) throw new EksError(404, "ResourceNotFoundException", `No zonal shift found for id: ${id}.`);
  if (statusOf(shift) !== "ACTIVE") {
    const more = { reason: "ZonalShiftStatusNotActive", zonalShiftId: id };
    throw new EksError(409, "ConflictException", `The zonal shift is ${statusOf(shift)}.`, more);
  }
  shift.canceled = true;
  return { ...shown(shift), status: "CANCELED" };
}

async function nameOfCluster({ file, region }: ShiftContext, arn: string): Promise<string> {
  const found = (await readClusters(file)).find((cluster) => clusterArn(cluster) === arn && cluster.region === region);
  if (found !== undefined) return found.name;
  throw new EksError(404, "ResourceNotFoundException", `No managed resource found for identifier: ${arn}.`);
}

const invalid = (reason: string, message: string): EksError =>
  new EksError(400, "ValidationException", message, { reason });

function statusOf({ canceled, expiryMs }: Shift): "ACTIVE" | "CANCELED" | "EXPIRED" {
  if (canceled) return "CANCELED";
  return expiryMs > Date.now() ? "ACTIVE" : "EXPIRED";
}

/** What every answer shows of a shift; times are seconds since 1970. */
function shown({ startMs, expiryMs, canceled: _canceled, ...shift }: Shift): object {
  return { ...shift, startTime: startMs / 1000, expiryTime: expiryMs / 1000 };
}

/** Ids of a region's first zones: `use1-az1` of us-east-1, `apse2-az1` of ap-southeast-2. */
function zoneIds(region: string): string[] {
  const words = region.split("-");
  const number = words.pop() ?? "";
  const direction = words.pop() ?? "";
  const initials = direction.replaceAll(/(north|south|east|west|central)/g, (word) => word.charAt(0));
  return [1, 2, 3, 4, 5, 6].map((zone) => `${words.join("")}${initials}${number}-az${zone}`);
}
