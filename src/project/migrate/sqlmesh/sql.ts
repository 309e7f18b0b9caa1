// SQL of a SQLMesh model with its macros of time as bound parameters and its variables as values. What remains with an `@` is not understood.

/** SQLMesh's intervals include their ends; those of Millrace end before `$end`. */
const MOMENTS: Readonly<Record<string, string>> = {
  start_ds: "strftime($start, '%Y-%m-%d')",
  start_date: "$start::date",
  start_dt: "$start",
  start_ts: "$start",
  start_tstz: "$start",
  end_ds: "strftime($end - interval 1 microsecond, '%Y-%m-%d')",
  end_date: "($end - interval 1 microsecond)::date",
  end_dt: "($end - interval 1 microsecond)",
  end_ts: "($end - interval 1 microsecond)",
  end_tstz: "($end - interval 1 microsecond)",
  execution_ds: "strftime($now, '%Y-%m-%d')",
  execution_date: "$now::date",
  execution_dt: "$now",
  execution_ts: "$now",
};

export interface PlainSql {
  readonly sql: string;
  /** The first macro that is not understood, with its offset in the text that was given. */
  readonly unknown: { readonly name: string; readonly at: number } | undefined;
}

export function plainSql(text: string, variables: Readonly<Record<string, unknown>>): PlainSql {
  let unknown: PlainSql["unknown"];
  const sql = text
    .replaceAll(/([\w."]+)\s+between\s+@start_(\w+)\s+and\s+@end_\2\b/gi, "$1 >= $$start and $1 < $$end")
    .replaceAll(
      /'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\/|@(?:var\s*\(\s*'(\w+)'\s*(?:,\s*([^()]*))?\)|\{?(\w+)\}?)/gi,
      (found: string, named?: string, initial?: string, word?: string) => {
        if (!found.startsWith("@")) return found;
        const name = (named ?? word ?? "").toLowerCase();
        const moment = MOMENTS[name];
        if (moment !== undefined && named === undefined) return moment;
        if (Object.hasOwn(variables, name)) return literal(variables[name]);
        if (initial !== undefined) return initial.trim();
        unknown ??= { name: `@${named ?? word}`, at: Math.max(0, text.indexOf(found)) };
        return found;
      },
    );
  return { sql, unknown };
}

function literal(value: unknown): string {
  return typeof value === "number" || typeof value === "boolean" ? String(value) : `'${String(value).replaceAll("'", "''")}'`;
}
