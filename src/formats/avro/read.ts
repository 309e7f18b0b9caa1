// Objects of an Avro file as JSON lines with a key per column, and the count of values in each.
import { join } from "node:path";
import { ByteWriter } from "../json/writer.ts";
import type { ReadJob } from "../tabular/job.ts";
import { Rejects, type RejectAccount } from "../tabular/rejects.ts";
import { AvroFile } from "./container.ts";
import { readingOf, type AvroColumn } from "./load.ts";
import { duckType, parseSchema, type AvroType } from "./schema.ts";

export interface AvroRecords {
  readonly path: string;
  readonly rows: number;
  readonly columns: readonly AvroColumn[];
  readonly rejects: RejectAccount;
  readonly longestBytes: number;
  readonly schema: string;
  readonly codec: string;
}

const EXACT_TEXT = /^(VARCHAR|INTEGER|BIGINT|BOOLEAN|DATE|UUID|DECIMAL\(.*\))$/;

/** Throws MR3261, MR3262. */
export async function readAvro(job: ReadJob): Promise<AvroRecords> {
  const file = new AvroFile(job.path, job.name);
  const path = join(job.temp, "records.ndjson");
  const out = new ByteWriter(path);
  const rejects = new Rejects(join(job.temp, "rejected.ndjson"));
  try {
    const type = parseSchema(file.header.schema, job.name);
    const fields = type.kind === "record" && type.fields.length > 0 ? type.fields : [{ name: "value", type }];
    const isRecord = type.kind === "record" && type.fields.length > 0;
    const types = fields.map((field) => duckType(field.type));
    const isJson = types.map((each) => each === "JSON");
    const values = fields.map(() => 0);
    let [rows, longestBytes, seen] = [0, 0, 0];
    if (job.recordsMax === 0) return answer();
    await file.blocks((reader, count) => {
      for (let k = 0; k < count; k++) {
        if (seen++ === job.recordsMax) return "stop";
        reader.bad = null;
        const cells = fields.map((field) => reader.json(field.type));
        if (reader.bad !== null) {
          const raw = `{${cells.map((cell, index) => `${JSON.stringify(fields[index]?.name)}:${cell}`).join(",")}}`;
          rejects.add({ kind: "quarantined", line: null, lines: 1, rule: "outOfRange", reason: reader.bad, raw });
          continue;
        }
        let line = "{";
        for (const [index, cell] of cells.entries()) {
          if (cell === "null") continue;
          values[index] = (values[index] ?? 0) + 1;
          line += `${line === "{" ? "" : ","}"c${index}":${isJson[index] === true ? JSON.stringify(cell) : cell}`;
        }
        line += "}\n";
        out.text(line);
        longestBytes = Math.max(longestBytes, line.length * 3);
        rows++;
      }
      return "goOn";
    });
    return answer();

    function answer(): AvroRecords {
      const columns = fields.map((field, index) => columnOf(field, types[index] ?? "JSON", values[index] ?? 0, isRecord, fields, index));
      return { path, rows, columns, rejects: rejects.close(), longestBytes, schema: file.header.schema, codec: file.header.codec };
    }
  } finally {
    out.close();
    file.close();
  }
}

function columnOf(
  field: { readonly name: string; readonly type: AvroType },
  type: string,
  values: number,
  isRecord: boolean,
  fields: readonly { readonly name: string }[],
  index: number,
): AvroColumn {
  const before = fields.slice(0, index).filter((other) => other.name.toLowerCase() === field.name.toLowerCase()).length;
  return {
    ...readingOf(field.type, index),
    key: field.name,
    name: before === 0 ? field.name : `${field.name}_${before + 1}`,
    label: field.name,
    type,
    exactText: EXACT_TEXT.test(type),
    why: isRecord ? "the type in the schema of the file" : "the objects are no records",
    writing: type === "JSON" ? "json" : "same",
    needsRewrite: false,
    values,
  };
}
