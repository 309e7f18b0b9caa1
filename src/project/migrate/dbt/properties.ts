// What settings and properties of models, seeds, snapshots and tables have in common, as front matter.
import { dig, mappings, type Values } from "../move.ts";
import { description, type World } from "./world.ts";

export function keyOf(config: Values): readonly string[] {
  return [config["unique_key"] ?? []].flat().map(String);
}

/** Tags and owner. */
export function common(config: Values): Values {
  return { tags: [config["tags"] ?? []].flat().map(String), owner: dig(config, "meta", "owner") };
}

/** Descriptions of columns, and their types where the contract is enforced. */
export function columnsOf(world: World, values: Values, { file, line }: { readonly file: string; readonly line: number }): Values {
  const isEnforced = dig(values, "config", "contract", "enforced") === true;
  const columns = mappings(values, "columns");
  return Object.fromEntries(
    columns.flatMap((column) => {
      const text = description(world, column["description"], file, line);
      const type = isEnforced ? (column["data_type"] as string | undefined) : undefined;
      if (text === undefined && type === undefined) return [];
      return [[String(column["name"]), type === undefined ? text : { ...(text === undefined ? {} : { description: text }), type }]];
    }),
  );
}

/** `models/stg_orders.sql` in the default schema, else `models/SCHEMA/…`. */
export function modelPath(asset: string): string {
  const [schema, name] = asset.split(".") as [string, string];
  return schema === "main" ? `models/${name}.sql` : `models/${schema}/${name}.sql`;
}
