// `millrace inspect`: what the reader understood of a file and why, after reading all of it; and a source definition to begin with.
import { relative, sep } from "node:path";
import type { StagedFile } from "../../formats/format.ts";
import { formatNames } from "../../formats/index.ts";
import type { JsonValue } from "../../model/answers.ts";
import { asMillraceError } from "../../model/errors.ts";
import { columnNames } from "../../model/names.ts";
import { Session } from "../../sql/session.ts";
import type { FoundFile } from "./find.ts";
import { findNamed, REJECTED, STAGE, withStaged, withWorkbench, type Workbench } from "./workbench.ts";

const PREVIEW_ROWS = 5;

export type InspectReport = Readonly<Record<string, JsonValue>>;

/** One report per file, in the order given; a file that cannot be read has `error`, the others have null there. */
export async function inspectFiles(
  files: readonly string[],
  options: { readonly yaml?: boolean; readonly folder?: string } = {},
): Promise<readonly InspectReport[]> {
  const folder = options.folder ?? process.cwd();
  return withWorkbench(async (workbench) => {
    const reports: InspectReport[] = [];
    for (const named of await findNamed(files, folder)) {
      if ("error" in named) reports.push({ file: named.given, error: named.error.toJSON() });
      else reports.push(await inspectFile(workbench, named.given, named.file, folder));
    }
    return reports;
  });
}

/** One file; never throws for what is wrong with the file. */
export async function inspectFile(workbench: Workbench, given: string, file: FoundFile, folder: string): Promise<InspectReport> {
  try {
    return await withStaged(workbench, file, "infer", async (staged) => {
      const session = new Session(workbench.connection);
      const preview = staged.rows === 0 ? [] : await session.rows(`select * from ${STAGE} limit ${PREVIEW_ROWS}`);
      const rejected = staged.hasRejected
        ? await session.rows(
            `select kind, line, lines, rule, reason, left(raw, 200) as raw from ${REJECTED} order by line limit ${PREVIEW_ROWS}`,
          )
        : [];
      return {
        ...facts({
          file: given,
          ...staged.understood,
          sizeBytes: staged.sizeBytes,
          rows: staged.rows,
          records: staged.records,
          lines: staged.lines,
        }),
        columns: plain(staged.columns),
        preview: plain(preview),
        rejected: plain(rejected),
        yaml: await sourceYaml(staged, relative(folder, file.path).split(sep).join("/")),
        error: null,
      };
    });
  } catch (error) {
    return { file: given, error: plain(asMillraceError(error, "MR3103").toJSON()) };
  }
}

/** A source definition that pins what was understood. */
async function sourceYaml(staged: StagedFile, path: string): Promise<string> {
  const { understood } = staged;
  const encoding = understood.encoding?.name;
  const names = columnNames(
    staged.columns.map((column) => column.label),
    "snake",
  );
  const columns = staged.columns.map((column, index) => {
    const name = names[index] ?? column.name;
    // Text is what an undeclared column can always be; naming it says nothing new unless the name was changed.
    return [name, { ...(name === column.label ? {} : { from: column.label }), type: column.type.toLowerCase() }] as const;
  });
  const source = {
    from: {
      files: {
        path,
        format: formatNames.find((name) => name === understood.format) ?? "csv",
        ...(understood.dialect === undefined
          ? {}
          : { delimiter: understood.dialect.delimiter === "" ? "none" : understood.dialect.delimiter }),
        ...(understood.dialect === undefined || encoding === undefined || encoding === "utf-8" ? {} : { encoding }),
        ...((understood.preamble ?? []).length === 0 ? {} : { skipLines: (understood.header?.line ?? 1) - 1 }),
      },
    },
    columns: Object.fromEntries(columns),
  };
  const { stringify } = await import("yaml");
  return stringify(source, { lineWidth: 140, collectionStyle: "any" }).trimEnd();
}

function facts(value: Readonly<Record<string, unknown>>): Readonly<Record<string, JsonValue>> {
  return plain(value) as Readonly<Record<string, JsonValue>>;
}

/** Plain JSON, without what is undefined. */
function plain(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue;
}
