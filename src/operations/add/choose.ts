// Which of what was discovered becomes a source: by name, by pattern, or all there is when it is one.
import type { Discovered } from "../../load/connector.ts";
import { MillraceError } from "../../model/errors.ts";
import { nearest } from "../../model/suggest.ts";

const LISTED_MAX = 20;

/** `settings` alone are the source where a connector discovers nothing, or where they say already what to read. @throws MR8503. */
export function chooseTables(
  found: readonly Discovered[] | null,
  tables: readonly string[],
  { connector, settings }: { readonly connector: string; readonly settings: Readonly<Record<string, unknown>> },
): readonly Discovered[] {
  if (found === null) {
    if (tables.length > 0)
      throw new MillraceError({ code: "MR8503", message: `${connector} cannot list what is there; say it with --set` });
    return [{ name: nameIn(settings, connector), options: {} }];
  }
  if (tables.length === 0) {
    const [only] = found;
    if (found.length === 1) return [only!];
    throw new MillraceError({
      code: "MR8503",
      message: found.length === 0 ? `${connector} has nothing to load there` : `${connector} has ${found.length} to choose from`,
      hint: found.length === 0 ? "check the settings" : `--table NAME or a pattern: ${listed(found)}`,
    });
  }
  const chosen = new Map<string, Discovered>();
  for (const wanted of tables) {
    const pattern = new RegExp(
      `^${wanted
        .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
        .replaceAll("*", ".*")
        .replaceAll("?", ".")}$`,
      "i",
    );
    const matching = found.filter(({ name }) => pattern.test(name) || pattern.test(name.slice(name.lastIndexOf(".") + 1)));
    if (matching.length === 0) {
      const near = nearest(
        wanted,
        found.map(({ name }) => name),
        3,
      );
      throw new MillraceError({
        code: "MR8503",
        message: `nothing is called ${wanted}`,
        hint: `there is ${near.length > 0 ? near.join(", ") : listed(found)}`,
      });
    }
    for (const one of matching) chosen.set(one.name, one);
  }
  return [...chosen.values()];
}

function listed(found: readonly Discovered[]): string {
  const names = found.slice(0, LISTED_MAX).map(({ name }) => name);
  return `${names.join(", ")}${found.length > LISTED_MAX ? `, and ${found.length - LISTED_MAX} more` : ""}`;
}

/** The last part of a path, table or address. */
function nameIn(settings: Readonly<Record<string, unknown>>, connector: string): string {
  const said = ["table", "path", "stream", "url"]
    .map((key) => settings[key])
    .find((value) => typeof value === "string" || Array.isArray(value));
  const text = String(Array.isArray(said) ? said[0] : (said ?? connector)).replace(/[?#].*$/, "");
  const [last = connector] = text
    .split("/")
    .filter((part) => /[A-Za-z0-9]/.test(part))
    .slice(-1);
  return last.replace(/\$\{[^}]*\}/g, "").replace(/(\.[A-Za-z0-9]{1,8})+$/, "") || connector;
}
