// What DuckDB binds and no table can hold: two columns of one name, structs whose fields have no names.
import { MillraceError } from "../../model/errors.ts";
import { columnPlaces } from "./column-places.ts";
import { firstWord, locate } from "./errors.ts";
import type { ShadowCatalogue } from "./shadow.ts";
import type { Unit } from "./units.ts";

/** DuckDB names the second of two equal columns `name_1`: only where such a name came out is the query asked for its own names. */
export async function nameTwice(unit: Unit, shadow: ShadowCatalogue): Promise<MillraceError | null> {
  if (unit.role === "query") return null;
  const names = new Set(unit.columns!.map(({ name }) => name.toLowerCase()));
  const suspicious = [...names].some((name) => /_\d+$/.test(name) && names.has(name.replace(/_\d+$/, "")));
  if (!suspicious) return null;
  const output = (await shadow.outputNames(unit.copy.text)).map((name) => name.toLowerCase());
  const twice = output.find((name, index) => output.indexOf(name) !== index);
  if (twice === undefined) return null;
  return new MillraceError({
    code: "MR2013",
    message: `${unit.unit.id}: two columns are called "${twice}"`,
    hint: `rename one with \`as\`, or leave it out: * exclude (${twice})`,
    location: locate(unit.unit, firstWord(unit.unit.sql)),
  });
}

/** A first field that is only a type: `STRUCT(INTEGER, …`. Behind a name would stand a space. */
const UNNAMED_FIELD = /STRUCT\((?:TIME(?:STAMP)? WITH TIME ZONE|(?:[A-Z][A-Z0-9_]*|"NULL")(?=[,()[]))/;

/** A view can show what `row(1, 2)` makes; a table refuses it. How a model is kept is no part of what the cache goes by, so all are asked. */
export async function unnamedFields(units: readonly Unit[], open: () => Promise<ShadowCatalogue>): Promise<readonly MillraceError[]> {
  const errors: MillraceError[] = [];
  for (const { unit, role, columns } of units) {
    if (role === "query" || (unit.spec?.materialize ?? "view") === "view") continue;
    const column = columns?.find(({ type }) => UNNAMED_FIELD.test(type));
    if (column === undefined) continue;
    const [places] = await columnPlaces((await open()).connection, [unit.sql]);
    const place = places?.get(column.name.toLowerCase());
    errors.push(
      new MillraceError({
        code: "MR2010",
        message: `${unit.id}: no table can hold the column "${column.name}", whose fields have no names`,
        hint: "name them: {'id': id, 'shop': shop} instead of row(id, shop)",
        location: locate(unit, place?.offset ?? firstWord(unit.sql), place?.length),
      }),
    );
  }
  return errors;
}
