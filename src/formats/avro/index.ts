// Avro object containers: types are those of the schema in the file, which is kept with what was understood of it.
import { stat } from "node:fs/promises";
import * as z from "zod";
import { hashFile, withTempFolder } from "../../platform/files.ts";
import { ident } from "../../sql/text.ts";
import type { Format, StagedColumn, StagedFile, StageRequest } from "../format.ts";
import { prove } from "../json/load.ts";
import { staged } from "../json/stage.ts";
import { loadRejects } from "../tabular/rejects.ts";
import { readInThread } from "../tabular/work.ts";
import { loadAvro } from "./load.ts";

export const avro: Format = {
  name: "avro",
  summary: "Avro files with their schema, all codecs and logical types",
  extensions: [".avro"],
  options: z.strictObject({}),
  stage: (request) => withTempFolder(request.tempDir, (temp) => stageAvro(request, temp)),
  peek: ({ path, name, options, tempDir }) =>
    withTempFolder(tempDir, async (temp) => {
      const read = await readInThread("avro", { path, name, options, repair: "note", temp, recordsMax: 0 });
      return staged(read.columns);
    }),
};

async function stageAvro(request: StageRequest, temp: string): Promise<StagedFile> {
  const { connection, into, name, options, repair, signal } = request;
  const read = await readInThread("avro", { path: request.path, name, options, repair, temp }, signal);
  await loadAvro(connection, into, read.path, read.columns, read.longestBytes);
  const values = read.columns.map((column) => column.values);
  await prove(connection, into, name, read.rows, read.columns, values);
  const columns: StagedColumn[] = [];
  for (const column of staged(read.columns)) {
    const reading = request.columns.get(column.name) ?? request.columns.get(column.label.trim()) ?? request.otherwise;
    if (reading === "text" && column.type !== "VARCHAR") {
      await connection.run(`alter table ${into} alter column ${ident(column.name)} type varchar`);
      columns.push({ ...column, type: "VARCHAR", exactText: true, why: "read as text" });
    } else columns.push(column);
  }
  const { quarantined } = read.rejects;
  if (quarantined > 0) await loadRejects(connection, request.rejectedInto, read.rejects.path);
  return {
    rows: read.rows,
    columns,
    origins: [],
    hasRejected: quarantined > 0,
    records: { read: read.rows + quarantined, quarantined, repaired: 0 },
    lines: null,
    sizeBytes: (await stat(request.path)).size,
    hash: await hashFile(request.path),
    understood: {
      format: "avro",
      compression: "none",
      confidence: 1,
      doubts: quarantined === 0 ? [] : [`${quarantined} records hold values that their types cannot say`],
      warnings: [],
      road: `objects written as JSON, codec ${read.codec}`,
      schema: read.schema,
    },
  };
}
