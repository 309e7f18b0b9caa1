// The types of a transform's columns: declared, or inferred from the values; and a column that was only passed on keeps the type it was read with.
//   T1. A declared type is fixed: a value that is not one is an error (MR4602).
//   T2. A column has the type of a column of the same name that was read when every value is one, exactly: a date that went through the code
//       as text is a date again. Text that was text stays text.
import type { ColumnSpec } from "../model/definitions/source.ts";
import { messageOf, MillraceError } from "../model/errors.ts";
import type { Session } from "../sql/session.ts";
import { describeRelation } from "../sql/ledger/publish.ts";
import { ident, literal } from "../sql/text.ts";

interface TypedColumn {
  readonly name: string;
  /** As yielded. */
  readonly type: string;
}

export interface TypeSources {
  readonly asset: string;
  readonly declared: Readonly<Record<string, ColumnSpec>>;
  /** By lower-case name. */
  readonly read: ReadonlyMap<string, string | null>;
}

/** The select list that turns the yielded columns of `table` into the asset's; null when they can stay as they are. @throws MR4602 */
export async function typedColumns(tx: Session, table: string, sources: TypeSources): Promise<string | null> {
  const yielded = (await describeRelation(tx, table)).filter((column) => column.name !== "_empty");
  const declared = new Map(Object.entries(sources.declared).map(([name, spec]) => [name.toLowerCase(), { name, spec }]));
  const kept = await keptTypes(tx, table, yielded, declared, sources.read);
  const items: string[] = [];
  let isChanged = false;
  for (const column of yielded) {
    const spec = declared.get(column.name.toLowerCase())?.spec;
    if (spec !== undefined) await assertDeclared(tx, table, column, spec, sources.asset);
    const type = spec?.type ?? kept.get(column.name);
    if (type !== undefined) isChanged = true;
    items.push(type === undefined ? ident(column.name) : `${converted(column, type)} as ${ident(column.name)}`);
  }
  for (const { name, spec } of declared.values()) {
    if (yielded.some((column) => column.name.toLowerCase() === name.toLowerCase())) continue;
    isChanged = true;
    if (spec.required === true && yielded.length > 0) throw unfit(sources.asset, name, "is required, and no row has it");
    items.push(`null::${typeText(spec.type ?? "varchar")} as ${ident(name)}`);
  }
  return isChanged ? items.join(", ") : null;
}

/** T1. */
async function assertDeclared(tx: Session, table: string, column: TypedColumn, spec: ColumnSpec, asset: string): Promise<void> {
  const cell = ident(column.name);
  const misfit = spec.type === undefined ? "false" : `${cell} is not null and ${converted(column, spec.type, "try_cast")} is null`;
  const missing = spec.required === true ? `${cell} is null` : "false";
  let found: { misfits: number; missing: number; sample: string | null } | undefined;
  try {
    found = await tx.row(
      `select count_if(${misfit}) as misfits, count_if(${missing}) as missing, any_value(${cell}::varchar) filter (where ${misfit}) as sample from ${table}`,
    );
  } catch (error) {
    throw new MillraceError({
      code: "MR4602",
      message: `${asset}: column ${column.name}: ${messageOf(error).split("\n", 1)[0]}`,
      cause: error,
    });
  }
  if (found!.misfits > 0)
    throw unfit(asset, column.name, `${found!.misfits} values are no ${spec.type}, such as ${JSON.stringify(found!.sample)}`);
  if (found!.missing > 0) throw unfit(asset, column.name, `is required, and ${found!.missing} rows have no value`);
}

/** T2, in one scan for all columns. */
async function keptTypes(
  tx: Session,
  table: string,
  yielded: readonly TypedColumn[],
  declared: ReadonlyMap<string, unknown>,
  read: ReadonlyMap<string, string | null>,
): Promise<ReadonlyMap<string, string>> {
  const candidates = yielded.flatMap((column) => {
    const type = read.get(column.name.toLowerCase());
    if (type === undefined || type === null || type === column.type || declared.has(column.name.toLowerCase())) return [];
    const differs = notExactly(column, type);
    return differs === null ? [] : [{ name: column.name, type, differs }];
  });
  if (candidates.length === 0) return new Map();
  const counts = candidates.map(({ name, differs }, index) => `count_if(${ident(name)} is not null and (${differs})) as c${index}`);
  const row = await tx.row<Record<string, number>>(`select ${counts.join(", ")} from ${table}`);
  return new Map(candidates.filter((_, index) => row?.[`c${index}`] === 0).map(({ name, type }) => [name, type]));
}

/** A condition that is true when a value is not exactly one of `type`; null when no value of the column could be. */
function notExactly(column: TypedColumn, type: string): string | null {
  const cell = ident(column.name);
  const cast = `try_cast(${cell} as ${type})`;
  const isNumber = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|DOUBLE|FLOAT|DECIMAL\(\d+,\d+\))$/;
  if (isNumber.test(type) && isNumber.test(column.type)) return `${cast} is null or ${cast}::${column.type} is distinct from ${cell}`;
  if (column.type !== "VARCHAR") return column.type === "JSON" && /(\[\d*\]|\))$|^MAP|^STRUCT/.test(type) ? `${cast} is null` : null;
  if (/^(DATE|TIME|TIMESTAMP( WITH TIME ZONE|_S|_MS|_NS)?|UUID)$/.test(type)) return `${cast} is null`;
  if (/^(U?BIGINT|U?HUGEINT|DECIMAL\(\d+,\d+\))$/.test(type)) return `${cast} is null or ${cast}::varchar <> ${cell}`;
  return "true"; // only a column without any value takes another type
}

function converted(column: TypedColumn, type: string, how: "cast" | "try_cast" = "cast"): string {
  return `${how}(${ident(column.name)} as ${typeText(type)})`;
}

/** A type as a user wrote it. Only words, numbers, brackets: it becomes part of a statement. */
function typeText(type: string): string {
  if (/^[\w\s(),[\]"]+$/.test(type)) return type;
  throw new MillraceError({ code: "MR4602", message: `${literal(type)} is no type` });
}

function unfit(asset: string, column: string, what: string): MillraceError {
  return new MillraceError({ code: "MR4602", message: `${asset}: column ${column}: ${what}` });
}
