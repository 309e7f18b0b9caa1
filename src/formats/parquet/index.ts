// Parquet: DuckDB reads it, after an audit of footer and pages that DuckDB has no part in; then the rows must be as many as the footer says.
import { open, stat } from "node:fs/promises";
import * as z from "zod";
import { MillraceError, messageOf } from "../../model/errors.ts";
import { hashFile, withTempFolder } from "../../platform/files.ts";
import { plainPath } from "../../platform/plain-path.ts";
import { ident, literal } from "../../sql/text.ts";
import type { Format, StagedColumn, StagedFile, StageRequest } from "../format.ts";
import { broken, readFooter, type ParquetFooter } from "./footer.ts";
import { auditPages } from "./pages.ts";

const options = z.strictObject({
  binaryAsText: z.boolean().optional().describe("read columns of bytes without a type as text (old writers of Impala and Spark)"),
});

/** What DuckDB says when it is not the file's fault. */
const UNSUPPORTED = /unsupported|only supported|not supported|not implemented|requires two children/i;

export const parquet: Format = {
  name: "parquet",
  summary: "Parquet files, with an audit of checksums and counts",
  extensions: [".parquet", ".pq", ".parq"],
  options,
  stage: (request) => withTempFolder(request.tempDir, (temp) => stageParquet(request, temp)),
  peek: (request) =>
    withTempFolder(request.tempDir, async (temp) => {
      await auditFooter(request.path, request.name);
      return (await describeColumns(request, await plainPath(request.path, temp))).columns;
    }),
};

async function stageParquet(request: StageRequest, temp: string): Promise<StagedFile> {
  const path = await plainPath(request.path, temp);
  const footer = await auditFooter(request.path, request.name, "pages");
  const rows = footer.groups.reduce((sum, group) => sum + group.rows, 0);
  const { columns, selected } = await describeColumns(request, path);
  const warnings = columns
    .filter((column) => column.type === "BLOB")
    .map((column) => `${column.name} holds bytes without a type; \`binaryAsText: true\` reads them as text`);
  if (footer.rows !== rows) warnings.push(`the footer says ${footer.rows} rows in all, its row groups have ${rows}`);
  await attempt(request.name, () =>
    request.connection.run(`create table ${request.into} as select ${selected} from ${source(path, request.options)}`),
  );
  const reader = await request.connection.runAndReadAll(`select count(*) from ${request.into}`);
  const loaded = Number(reader.getRows()[0]?.[0]);
  if (loaded !== rows) {
    throw new MillraceError({ code: "MR3123", message: `${request.name}: the footer says ${rows} rows, DuckDB loaded ${loaded}` });
  }
  return {
    rows,
    columns,
    origins: [],
    hasRejected: false,
    records: { read: rows, quarantined: 0, repaired: 0 },
    lines: null,
    sizeBytes: (await stat(request.path)).size,
    hash: await hashFile(request.path),
    understood: { format: "parquet", compression: "none", confidence: 1, doubts: [], warnings, road: "the file as it is" },
  };
}

/** Throws MR3130, MR3132, MR3133. */
async function auditFooter(path: string, name: string, depth: "footer" | "pages" = "footer"): Promise<ParquetFooter> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const footer = await readFooter(file, size, name);
    if (footer.groups.some((group) => group.rows < 0)) throw broken(name, "a row group has a negative number of rows");
    if (depth === "pages") await auditPages(file, footer, name);
    return footer;
  } finally {
    await file.close();
  }
}

async function describeColumns(
  request: Pick<StageRequest, "connection" | "name" | "options"> & Partial<Pick<StageRequest, "columns" | "otherwise">>,
  path: string,
): Promise<{ readonly columns: readonly StagedColumn[]; readonly selected: string }> {
  const reader = await attempt(request.name, () =>
    request.connection.runAndReadAll(`describe select * from ${source(path, request.options)}`),
  );
  const described = reader.getRows().map(([name, type]) => ({ name: String(name), type: String(type) }));
  const columns = described.map(({ name, type }): StagedColumn => {
    const asText = (request.columns?.get(name.trim()) ?? request.otherwise ?? "infer") === "text";
    const why = asText ? "read as text" : "the type in the file";
    return { name, label: name, type: asText ? "VARCHAR" : type, exactText: asText || EXACT_TEXT.test(type), why };
  });
  const selected = columns.map(({ name, type }, index) =>
    type === described[index]?.type ? ident(name) : `cast(${ident(name)} as varchar) as ${ident(name)}`,
  );
  return { columns, selected: selected.join(", ") };
}

const EXACT_TEXT = /^(VARCHAR|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|BOOLEAN|DATE|UUID|DECIMAL\(.*\))$/;

function source(path: string, given: Readonly<Record<string, unknown>>): string {
  const binaryAsText = options.parse(given).binaryAsText === true;
  return `read_parquet(${literal(path)}, hive_partitioning = false, binary_as_string = ${binaryAsText})`;
}

async function attempt<Result>(name: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    const [said = ""] = messageOf(error).split("\n");
    if (/encrypted/i.test(said)) throw new MillraceError({ code: "MR3133", message: `${name} is encrypted`, cause: error });
    const isUnsupported = UNSUPPORTED.test(said);
    throw new MillraceError({
      code: isUnsupported ? "MR3131" : "MR3130",
      message: isUnsupported ? `${name} uses what DuckDB does not read: ${said}` : `${name} is no sound Parquet file: ${said}`,
      cause: error,
    });
  }
}
