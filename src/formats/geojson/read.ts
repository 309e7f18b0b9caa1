// Features as flat records, one JSON line each: properties, `geometry`, and what else a feature has as `feature_…`. Numbers stay as they were written.
//   G1. Every record of the document is in the copy or in the rejected file.
import { join } from "node:path";
import type { LineOrigin } from "../format.ts";
import { eachLine } from "../json/lines.ts";
import { rawText } from "../json/raw.ts";
import { isBlank, Origins } from "../json/scan.ts";
import { keyText, Scanner } from "../json/scanner.ts";
import { newShape } from "../json/shape.ts";
import { eachMember, skipBlanks } from "../json/skip.ts";
import { ByteWriter } from "../json/writer.ts";
import type { ReadJob } from "../tabular/job.ts";
import { Rejects, type RejectAccount } from "../tabular/rejects.ts";

export interface GeojsonRecords {
  readonly path: string;
  readonly origins: readonly LineOrigin[];
  readonly rejects: RejectAccount;
  readonly lines: { readonly total: number; readonly blank: number };
}

const GEOMETRIES = new Set(["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"]);
const RECORD_SEPARATOR = 0x1e;

/** `job.path` holds a feature or a geometry per line; `options.stood`: where they stood in the file of the user. */
export async function readGeojson(job: ReadJob): Promise<GeojsonRecords> {
  const stood = (job.options["stood"] ?? null) as readonly LineOrigin[] | null;
  const path = join(job.temp, "features.ndjson");
  const out = new ByteWriter(path);
  const rejects = new Rejects(join(job.temp, "features-rejected.ndjson"));
  const origins = new Origins();
  let [records, blank, next] = [0, 0, 0];
  try {
    const seen = eachLine(job.path, (bytes, start, to, physical, valid) => {
      // RFC 8142 puts a separator before each record.
      const from = bytes[start] === RECORD_SEPARATOR ? start + 1 : start;
      if (isBlank(bytes, from, to)) {
        blank++;
        return true;
      }
      while ((stood?.[next + 1]?.firstRow ?? Number.POSITIVE_INFINITY) <= records) next++;
      const stretch = stood?.[next];
      const line = stretch === undefined ? physical : stretch.line + records - stretch.firstRow;
      records++;
      const flat = valid === "utf8" ? flattened(bytes, from, to) : { rule: "invalidEncoding", reason: "the record is not UTF-8" };
      if (typeof flat === "string") {
        out.text(flat);
        origins.add(line);
      } else rejects.add({ kind: "quarantined", line, lines: 1, ...flat, raw: rawText(bytes, from, to, valid) });
      return job.recordsMax === undefined || records < job.recordsMax;
    });
    return { path, origins: origins.list(), rejects: rejects.close(), lines: { total: seen.lines, blank } };
  } finally {
    out.close();
  }
}

/** The line of a record, or why it is none. */
function flattened(bytes: Buffer, from: number, to: number): string | { readonly rule: string; readonly reason: string } {
  const judge = new Scanner();
  if (!judge.record(bytes, from, to, newShape())) return { rule: "invalidJson", reason: judge.problem };
  if (bytes[skipBlanks(bytes, from, to)] !== 123) return { rule: "notAFeature", reason: "the record is no object" };
  const members = membersOf(bytes, from, to);
  const type = members.get("type")?.replaceAll('"', "") ?? "";
  if (GEOMETRIES.has(type)) {
    let end = to;
    while (end > from && (bytes[end - 1] ?? 0) <= 32) end--;
    return `{"geometry":${bytes.toString("utf8", from, end)}}\n`;
  }
  if (type !== "Feature") return { rule: "notAFeature", reason: "its type is not Feature" };
  const properties = members.get("properties") ?? "null";
  if (properties !== "null" && !properties.startsWith("{")) return { rule: "notAFeature", reason: "its properties are no object" };
  const parts: string[] = [];
  if (properties !== "null") {
    const inner = Buffer.from(properties);
    for (const [key, value] of membersOf(inner, 0, inner.length)) {
      parts.push(`${JSON.stringify(key === "geometry" || key.startsWith("feature_") ? `properties_${key}` : key)}:${value}`);
    }
  }
  parts.push(`"geometry":${members.get("geometry") ?? "null"}`);
  for (const [key, value] of members) {
    if (key !== "type" && key !== "properties" && key !== "geometry") parts.push(`${JSON.stringify(`feature_${key}`)}:${value}`);
  }
  return `{${parts.join(",")}}\n`;
}

function membersOf(bytes: Buffer, from: number, to: number): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  eachMember(bytes, from, to, (keyFrom, keyTo, valueFrom, valueTo) => {
    members.set(keyText(bytes, keyFrom, keyTo), bytes.toString("utf8", valueFrom, valueTo));
  });
  return members;
}
