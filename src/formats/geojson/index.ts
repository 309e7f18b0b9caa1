// GeoJSON: a row per feature, its properties as columns and its geometry as JSON; documents and one feature a line.
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { MillraceError } from "../../model/errors.ts";
import { hashFile, withTempFolder } from "../../platform/files.ts";
import type { Format, LineOrigin, StagedFile, StageRequest } from "../format.ts";
import { asUtf8 } from "../json/encoding.ts";
import { planRecords, staged, stageRecords, type RecordPlan } from "../json/stage.ts";
import { work } from "../json/work.ts";
import { sniffLayout } from "../sniff.ts";
import { setAside } from "../tabular/aside.ts";
import { loadRejects } from "../tabular/rejects.ts";
import { readInThread } from "../tabular/work.ts";

const options = z.strictObject({
  invalid: z.enum(["quarantine", "fail"]).optional().describe("what happens to a document that cannot be parsed (default: quarantine)"),
});

const HEAD_BYTES = 1 << 16;
const PEEK_RECORDS_MAX = 1000;

export const geojson: Format = {
  name: "geojson",
  summary: "GeoJSON: features with their properties and geometry, also one a line",
  extensions: [".geojson", ".geojsonl", ".geojsons"],
  options,
  stage: (request) => withTempFolder(request.tempDir, (temp) => stageGeojson(request, temp)),
  peek: ({ path, name, tempDir }) =>
    withTempFolder(tempDir, async (temp) => {
      const utf8 = await asUtf8(path, join(temp, "utf8.geojson"));
      const { source, stood } = await featuresOf(utf8.path, temp, undefined);
      if (source === null) return [];
      const read = await readInThread("geojson", {
        path: source,
        name,
        options: { stood },
        repair: "note",
        temp,
        recordsMax: PEEK_RECORDS_MAX,
      });
      const scan = await work("lines", { path: read.path }, 0);
      return scan.records === 0 ? [] : staged(withGeometry(planRecords(scan, { columns: new Map(), otherwise: "infer" })).columns);
    }),
};

interface Features {
  /** A file with a record a line; null when the document is wrong. */
  readonly source: string | null;
  readonly stood: readonly LineOrigin[] | null;
  readonly invalid: { readonly line: number; readonly reason: string; readonly lines: number } | null;
}

async function stageGeojson(request: StageRequest, temp: string): Promise<StagedFile> {
  const { connection, name, repair, signal } = request;
  const utf8 = await asUtf8(request.path, join(temp, "utf8.geojson"));
  const { source, stood, invalid } = await featuresOf(utf8.path, temp, signal);
  if (source === null || invalid !== null) {
    const how = options.parse(request.options).invalid ?? "quarantine";
    const wrong = invalid ?? { line: 1, lines: 1, reason: "it ends before it begins" };
    return setAside(
      request,
      { format: "geojson", is: "no valid GeoJSON", rule: "invalidJson", code: "MR3120", invalid: how, ...wrong },
      temp,
    );
  }
  const read = await readInThread("geojson", { path: source, name, options: { stood }, repair, temp }, signal);
  const scan = await work("lines", { path: read.path }, (await stat(read.path)).size, signal);
  const plan = withGeometry(planRecords(scan, request));
  const understood = { format: "geojson", encoding: utf8.encoding };
  const result = await stageRecords(request, { path: read.path, scan, plan, stood: read.origins, isLoaded: false, understood }, temp);
  const { quarantined } = read.rejects;
  if (quarantined > 0) await loadRejects(connection, request.rejectedInto, read.rejects.path, result.hasRejected ? "there" : "new");
  const doubts = [...result.understood.doubts, ...(await crsDoubts(utf8.path))];
  if (quarantined > 0) doubts.unshift(`${quarantined} records are no features`);
  return {
    ...result,
    hasRejected: result.hasRejected || quarantined > 0,
    records: { ...result.records, read: result.records.read + quarantined, quarantined: result.records.quarantined + quarantined },
    lines: stood === null ? { total: read.lines.total, header: 0, preamble: 0, blank: read.lines.blank } : null,
    sizeBytes: (await stat(request.path)).size,
    hash: await hashFile(request.path),
    understood: { ...result.understood, doubts, road: "features as flat records" },
  };
}

/** The features of a collection, of a file of lines, or the one feature or geometry that the document is. */
async function featuresOf(path: string, temp: string, signal: AbortSignal | undefined): Promise<Features> {
  if ((await sniffLayout(path)) === "lines" || (await beginsWithSeparator(path))) return { source: path, stood: null, invalid: null };
  const { size } = await stat(path);
  const copy = join(temp, "members.ndjson");
  const scan = await work("document", { path, copy, rows: ["features"] }, size, signal).catch(async (error: unknown) => {
    if (!(error instanceof MillraceError) || error.code !== "MR3122") throw error;
    return work("document", { path, copy, rows: [] }, size, signal);
  });
  if (scan.invalid !== null) return { source: null, stood: null, invalid: { ...scan.invalid, lines: Math.max(1, scan.lines) } };
  return { source: copy, stood: scan.origins, invalid: null };
}

async function beginsWithSeparator(path: string): Promise<boolean> {
  return (await headOf(path)).charCodeAt(0) === 0x1e;
}

/** Shapes of coordinates differ from feature to feature: a geometry is JSON in every file, whatever this one holds. */
function withGeometry(plan: RecordPlan): RecordPlan {
  if (plan.kind !== "columns") return plan;
  const columns = plan.columns.map((column) =>
    column.key === "geometry" ? ({ ...column, type: "JSON", exactText: false, why: "a geometry", writing: "json" } as const) : column,
  );
  return { ...plan, columns, needsRewrite: true };
}

/** GeoJSON is in degrees by its standard; older files may say otherwise. */
async function crsDoubts(path: string): Promise<readonly string[]> {
  const crs = /"crs"\s*:\s*\{[^}]*"name"\s*:\s*"([^"]+)"/.exec(await headOf(path))?.[1];
  if (crs === undefined || /CRS84|4326/.test(crs)) return [];
  return [`the coordinates are said to be in ${crs}, not in degrees of WGS 84`];
}

async function headOf(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
    return head.toString("utf8", 0, bytesRead).replace(/^\ufeff/, "");
  } finally {
    await file.close();
  }
}
