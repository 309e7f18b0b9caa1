// dbt's snapshots as snapshot models: blocks in SQL files, and those that a YAML file says.
import { lineAt, queryFile, type Values, word } from "../move.ts";
import { checksOf } from "./checks.ts";
import { blocksOf } from "./jinja.ts";
import { historyNames, tellUnknown } from "./models.ts";
import { columnsOf, common, keyOf, modelPath } from "./properties.ts";
import type { DbtFile } from "./read.ts";
import { description, render, type World } from "./world.ts";

export function moveSnapshots(world: World): void {
  for (const file of [...world.project.snapshots, ...world.project.models])
    for (const { head, body, bodyAt } of blocksOf(file.text, "snapshot")) moveBlock(world, file, head, body, lineAt(file.text, bodyAt));
  for (const property of world.project.properties) {
    const { kind, values, file, line } = property;
    if (kind !== "snapshots" || values["relation"] === undefined) continue;
    const text = `select * from {{ ${word(values["relation"])} }}`;
    moveBlock(world, { path: file, text, folders: [], name: String(values["name"]) }, String(values["name"]), text, line);
  }
}

function moveBlock(world: World, file: DbtFile, name: string, body: string, line: number): void {
  const { asset, config, property } = world.named.get(name)!;
  const rendered = render(world, body, { file: file.path, line, asset, config });
  if (rendered === undefined) return;
  if (rendered.config["enabled"] === false) return world.move.note({ file: file.path, line }, "is disabled and was left out");
  tellUnknown(world, file, rendered.config);
  const at = property ?? { file: file.path, line };
  const matter = {
    description: description(world, property?.values["description"], at.file, at.line),
    materialize: "snapshot",
    key: keyOf(rendered.config),
    snapshot: snapshotOf(world, rendered.config, { file: file.path, line }),
    ...common(rendered.config),
    checks: property === undefined ? [] : checksOf(world, property, asset),
    columns: property === undefined ? {} : columnsOf(world, property.values, at),
  };
  world.move.add(modelPath(asset), queryFile(matter, historyNames(world, file, rendered.text)), { file: file.path, line });
}

function snapshotOf(world: World, config: Values, at: { readonly file: string; readonly line: number }): Values {
  const hard = config["hard_deletes"] ?? (config["invalidate_hard_deletes"] === true ? "invalidate" : "ignore");
  if (hard === "new_record") world.move.note(at, "hard_deletes: new_record adds a row for a deleted key; here its last row is closed");
  const deletes = hard === "ignore" ? "ignore" : "close";
  if (config["strategy"] === "timestamp") return { by: "timestamp", updatedAt: config["updated_at"], deletes };
  const columns = config["check_cols"];
  return { by: "columns", ...(Array.isArray(columns) ? { columns } : {}), deletes };
}
