// Records of an XML document as JSON lines. Two passes: the first learns what all records have in common, the second writes each by that.
import { join } from "node:path";
import { MillraceError } from "../../model/errors.ts";
import type { LineOrigin } from "../format.ts";
import { Origins } from "../json/scan.ts";
import { ByteWriter } from "../json/writer.ts";
import type { ReadJob } from "../tabular/job.ts";
import { matcherOf, Ways, xmlEncoding } from "./find.ts";
import { xmlOptions } from "./options.ts";
import { jsonOf, mixedPlaces, Shapes } from "./shape.ts";
import { walkXml, WrongXml, type XmlNode } from "./walk.ts";

export interface XmlRecords {
  /** JSON lines. */
  readonly path: string;
  readonly records: number;
  readonly origins: readonly LineOrigin[];
  readonly lines: number;
  readonly encoding: { readonly name: string; readonly why: string; readonly confidence: number };
  readonly doubts: readonly string[];
  readonly invalid: { readonly line: number; readonly reason: string } | null;
}

/** Throws MR3257, MR3258, MR3259. */
export async function readXml(job: ReadJob): Promise<XmlRecords> {
  const { rows, prefixes = "drop" } = xmlOptions.parse(job.options);
  const encoding = await xmlEncoding(job.path);
  const walk = { path: job.path, name: job.name, encoding, prefixes };
  const path = join(job.temp, "records.ndjson");
  const doubts: string[] = [];
  const origins = new Origins();
  let [records, lines] = [0, 0];
  const about = { name: encoding.name, why: encoding.why, confidence: encoding.confidence };
  const result = (invalid: XmlRecords["invalid"]): XmlRecords => ({
    path,
    records,
    origins: origins.list(),
    lines,
    encoding: about,
    doubts,
    invalid,
  });
  try {
    const ways = new Ways();
    let isRecord: (way: readonly string[]) => boolean;
    if (rows !== undefined && rows !== "") isRecord = matcherOf(rows, prefixes, job.name);
    else {
      const found = await guess(walk, ways, job.recordsMax === undefined ? "whole" : "beginning");
      doubts.push(`the records are /${found.join("/")}, as nothing else was said with \`rows\``);
      isRecord = matcherOf(`/${found.join("/")}`, "keep", job.name);
    }
    const shapes = new Shapes();
    const pass = (onRecord: (node: XmlNode, line: number) => void): Promise<number> => {
      let count = 0;
      return walkXml(walk, {
        open: (way) => {
          ways.open(way);
          return isRecord(way) ? "record" : "pass";
        },
        record: (node, line) => {
          onRecord(node, line);
          return ++count === job.recordsMax ? "stop" : "goOn";
        },
      });
    };
    let learned = 0;
    lines = await pass((node) => {
      learned++;
      shapes.learn(node);
    });
    if (learned === 0) {
      throw new MillraceError({
        code: "MR3257",
        message: `${job.name}: \`rows: ${rows ?? ""}\` leads to no element`,
        hint: `there are ${ways.named()}`,
      });
    }
    const out = new ByteWriter(path);
    try {
      await pass((node, line) => {
        records++;
        origins.add(line);
        out.text(`${jsonOf(node, shapes.root)}\n`);
      });
    } finally {
      out.close();
    }
    if (records !== learned) throw new MillraceError({ code: "MR3106", message: `${job.name} changed while it was read`, retryable: true });
    const mixed = mixedPlaces(shapes.root, "");
    if (mixed.length > 0)
      doubts.push(`text stands between elements in ${mixed.slice(0, 3).join(", ") || "the record"}: it is kept apart, as #text`);
    return result(null);
  } catch (error) {
    if (error instanceof WrongXml) return result({ line: error.line, reason: error.reason });
    throw error;
  }
}

const GUESS_ELEMENTS_MAX = 50_000;
const ENOUGH = new Error("enough was seen");

async function guess(walk: Parameters<typeof walkXml>[0], ways: Ways, _depth: "whole" | "beginning"): Promise<readonly string[]> {
  let root: readonly string[] | null = null;
  let count = 0;
  try {
    await walkXml(walk, {
      open: (way) => {
        root ??= [...way];
        ways.open(way);
        if (++count > GUESS_ELEMENTS_MAX) throw ENOUGH;
        return "pass";
      },
      record: () => "goOn",
    });
  } catch (error) {
    if (error !== ENOUGH) throw error;
  }
  return ways.best() ?? root ?? [];
}
