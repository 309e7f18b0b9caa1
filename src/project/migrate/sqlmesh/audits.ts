// SQLMesh's audits as checks: those that come with it, and the project's own by their query.
import { readCall, readList, readStatement, split, unquote, type Call } from "./ddl.ts";
import { tidy } from "../move.ts";

type Entry = Readonly<Record<string, unknown>>;

export interface OwnAudit {
  /** As written, with its macros. */
  readonly sql: string;
  /** Values of its arguments that are not given, as SQL. */
  readonly defaults: ReadonlyMap<string, string>;
  readonly isBlocking: boolean;
}

/** Audits of audits/*.sql by name. */
export function ownAudits(files: readonly { readonly text: string }[]): ReadonlyMap<string, OwnAudit> {
  const found = new Map<string, OwnAudit>();
  for (const { text } of files) {
    const statement = readStatement(text);
    const name = statement?.properties.get("name");
    const query = statement?.statements.at(-1)?.text;
    if (statement?.kind !== "AUDIT" || name === undefined || query === undefined) continue;
    const isBlocking = statement.properties.get("blocking")?.toLowerCase() !== "false";
    const defaults = readCall(`defaults ${statement.properties.get("defaults") ?? ""}`).given;
    found.set(unquote(name).toLowerCase(), { sql: query, defaults, isBlocking });
  }
  return found;
}

/** Checks of `audits (…)`; what has none is handed to `tell`. */
export function checksOf(
  text: string | undefined,
  asset: string,
  own: ReadonlyMap<string, OwnAudit>,
  tell: (audit: string) => void,
): readonly Entry[] {
  const inside = /^[([]([\s\S]*)[)\]]$/.exec(text?.trim() ?? "")?.[1] ?? text ?? "";
  return split(inside, ",").flatMap(({ text: part }) => {
    const call = readCall(part);
    const checks = translate(call, asset, own);
    if (checks === undefined) tell(call.name);
    const isWarning = call.name.endsWith("_non_blocking") || call.given.get("blocking")?.toLowerCase() === "false";
    return (checks ?? []).map((check) => (isWarning ? { ...check, severity: "warn" } : check));
  });
}

function translate({ name, given }: Call, asset: string, own: ReadonlyMap<string, OwnAudit>): readonly Entry[] | undefined {
  const column = unquote(given.get("column") ?? "");
  const columns = readList(given.get("columns"));
  switch (name.replace(/_non_blocking$/, "")) {
    case "not_null":
      return [{ notNull: columns }];
    case "unique_values":
      return columns.map((each) => ({ unique: [each] }));
    case "unique_combination_of_columns":
      return [{ unique: columns }];
    case "accepted_values":
      return [{ acceptedValues: { column, values: readList(given.get("is_in")) } }];
    case "number_of_rows":
      return [{ rowCount: { min: Number(given.get("threshold")) + 1 } }];
    case "forall":
      return split(/^[([]([\s\S]*)[)\]]$/.exec(given.get("criteria") ?? "")?.[1] ?? "", ",").map((each) => ({
        rule: { where: each.text.trim() },
      }));
    case "accepted_range": {
      const [min, max] = [given.get("min_v"), given.get("max_v")];
      return [
        { range: { column, ...(min === undefined ? {} : { min: Number(min) }), ...(max === undefined ? {} : { max: Number(max) }) } },
      ];
    }
    default: {
      const audit = own.get(name);
      if (audit === undefined) return undefined;
      const values = new Map([...audit.defaults, ...given, ["this_model", asset]]);
      const sql = audit.sql.replaceAll(/@(\w+)/g, (found, word: string) => values.get(word.toLowerCase()) ?? found);
      return [{ query: { name, sql: tidy(sql) }, ...(audit.isBlocking ? {} : { severity: "warn" }) }];
    }
  }
}
