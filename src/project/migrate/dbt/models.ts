// dbt's models as models of Millrace: their SQL rendered, their settings as front matter.
import { lineAt, queryFile, type Values } from "../move.ts";
import { checksOf } from "./checks.ts";
import { incrementalOf } from "./incremental.ts";
import { columnsOf, common, keyOf, modelPath } from "./properties.ts";
import type { DbtFile } from "./read.ts";
import { description, render, type World } from "./world.ts";

/** Settings that say nothing about the rows, or that are turned. */
const KNOWN = new Set([
  ..."materialized schema alias enabled tags meta description unique_key strategy updated_at check_cols".split(" "),
  ..."incremental_strategy on_schema_change event_time batch_size begin lookback target_schema target_database".split(" "),
  ..."database docs contract persist_docs quoting full_refresh group access invalidate_hard_deletes hard_deletes".split(" "),
  ..."static_analysis column_types quote_columns delimiter merge_update_columns severity where snapshot_meta_column_names".split(" "),
]);

export function moveModels(world: World): void {
  const { project, move, named } = world;
  for (const file of project.python)
    move.note({ file: file.path, line: 1 }, "a model in Python; write it as a function: defineAsset({ transform }) in pipelines/");
  for (const file of project.models) {
    if (/\{%-?\s*snapshot\s/.test(file.text)) continue;
    const { asset, config, property } = named.get(file.name)!;
    const at = property ?? { file: file.path, line: 1 };
    const rendered = render(world, file.text, { file: file.path, asset, config });
    if (rendered === undefined) continue;
    if (rendered.config["enabled"] === false) {
      move.note({ file: file.path, line: 1 }, "is disabled and was left out");
      continue;
    }
    const way = materialization(world, file, asset, rendered.config, rendered.text);
    tellUnknown(world, file, rendered.config);
    const matter = {
      description: description(world, property?.values["description"], at.file, at.line),
      ...way.matter,
      ...common(rendered.config),
      checks: property === undefined ? [] : checksOf(world, property, asset),
      columns: property === undefined ? {} : columnsOf(world, property.values, at),
    };
    move.add(modelPath(asset), queryFile(matter, historyNames(world, file, way.sql)), { file: file.path, line: 1 });
  }
}

interface Way {
  readonly matter: Values;
  readonly sql: string;
}

function materialization(world: World, file: DbtFile, asset: string, config: Values, sql: string): Way {
  const at = { file: file.path, line: 1 };
  switch (config["materialized"]) {
    case undefined:
    case "view":
      return { matter: {}, sql };
    case "ephemeral":
      world.move.note(at, "is ephemeral in dbt; here it is a view");
      return { matter: {}, sql };
    case "table":
      return { matter: { materialize: "table", key: keyOf(config) }, sql };
    case "incremental":
      return incrementalOf(world, file, asset, config, sql);
    default:
      world.move.note(at, `materialized: ${String(config["materialized"])} is not there; it is a table now`);
      return { matter: { materialize: "table" }, sql };
  }
}

/** Snapshots name their interval otherwise. */
export function historyNames(world: World, file: DbtFile, sql: string): string {
  if (!/\bdbt_valid_(from|to)\b/i.test(sql)) return sql;
  world.move.note(
    { file: file.path, line: lineAt(file.text, file.text.search(/dbt_valid_(from|to)/i)) },
    "dbt_valid_from and dbt_valid_to are called valid_from and valid_to here, and were renamed",
  );
  return sql.replaceAll(/\bdbt_valid_(from|to)\b/gi, "valid_$1");
}

export function tellUnknown(world: World, file: DbtFile, config: Values): void {
  for (const key of Object.keys(config)) {
    if (KNOWN.has(key)) continue;
    const line = Math.max(1, lineAt(file.text, file.text.indexOf(key)));
    const isHook = key.endsWith("hook");
    world.move.note(
      { file: file.path, line },
      `the setting ${key} was left out${isHook ? "; a task of a job can do what a hook does" : ""}`,
    );
  }
}
