// dbt's singular tests as checks in files of their own, and its unit tests as unit tests.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { dig, mapping, mappings, queryFile, type Values, word, yaml } from "../move.ts";
import type { Property } from "./read.ts";
import { description, plainName, render, type World } from "./world.ts";

export function moveSingularTests(world: World): void {
  for (const file of world.project.tests) {
    if (file.folders[0] === "generic" || /\{%-?\s*test\s/.test(file.text)) continue;
    const rendered = render(world, file.text, { file: file.path });
    if (rendered === undefined) continue;
    const [on] = rendered.reads;
    if (on === undefined) {
      world.move.note({ file: file.path, line: 1 }, "reads no model or source: nothing tells when to run it");
      continue;
    }
    const severity = word(rendered.config["severity"]).toLowerCase() === "warn" ? "warn" : undefined;
    world.move.add(`checks/${plainName(file.name)}.sql`, queryFile({ on, severity }, rendered.text), { file: file.path, line: 1 });
  }
}

export function moveUnitTests(world: World): void {
  for (const property of world.project.properties) if (property.kind === "unit_tests") moveUnitTest(world, property);
}

function moveUnitTest(world: World, { values, file, line }: Property): void {
  const at = { file, line };
  const name = String(values["name"]);
  const model = world.named.get(String(values["model"]))?.asset;
  if (model === undefined) return world.move.note(at, `the unit test ${name} is of a model that is not there`);
  if (["vars", "env_vars"].some((kind) => dig(values, "overrides", kind) !== undefined))
    return world.move.note(at, `the unit test ${name} sets variables, whose values stand in the SQL now`);
  const given: Record<string, unknown> = {};
  let existing: unknown;
  for (const input of mappings(values, "given")) {
    const rows = rowsOf(world, input);
    if (rows === undefined) return world.move.note(at, `the unit test ${name} gives rows as ${String(input["format"])}`);
    if (input["input"] === "this") existing = rows;
    else {
      const asset = render(world, `{{ ${String(input["input"])} }}`, at)?.text.trim();
      if (asset === undefined) return;
      given[asset] = rows;
    }
  }
  const expect = rowsOf(world, mapping(values, "expect"));
  if (expect === undefined) return world.move.note(at, `the unit test ${name} expects rows in a way that is not known`);
  const test = { model, description: description(world, values["description"], file, line), given, existing, expect };
  world.move.add(`tests/${plainName(name)}.yaml`, yaml({ name, ...test }), at);
}

function rowsOf(world: World, { format = "dict", rows, fixture }: Values): unknown {
  switch (format) {
    case "dict":
      return rows ?? [];
    case "csv": {
      if (typeof rows === "string") return { csv: rows };
      const path = join(world.project.dir, "tests/fixtures", `${String(fixture)}.csv`);
      return existsSync(path) ? { csv: readFileSync(path, "utf8") } : undefined;
    }
    default:
      return undefined;
  }
}
