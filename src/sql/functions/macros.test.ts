import { describe, expect, it } from "vitest";
import { modelSpec } from "../../model/definitions/model.ts";
import type { OwnFunction } from "../../model/functions.ts";
import { openCompileCache } from "../compile/cache.ts";
import { modelCodeHash } from "../compile/hash.ts";
import type { Compilation, KnownSchema } from "../compile/types.ts";
import { compile } from "../compile/compile.ts";
import { readMacros, stubOf } from "./macros.ts";

const schemas = new Map<string, KnownSchema>([
  ["raw.sales", { certain: true, columns: ["id BIGINT", "shop VARCHAR", "price DECIMAL(12,2)"].map(column) }],
  ["raw.shops", { certain: true, columns: ["shop VARCHAR", "city VARCHAR"].map(column) }],
]);

function column(text: string): KnownSchema["columns"][number] {
  const [name, type] = text.split(" ");
  return { name: name!, type: type! };
}

interface Files {
  readonly macros: Readonly<Record<string, string>>;
  readonly models: Readonly<Record<string, string>>;
  readonly functions?: readonly OwnFunction[];
}

async function compiled(files: Files, cache?: string): Promise<Compilation> {
  const read = readMacros(Object.entries(files.macros).map(([name, text]) => ({ file: `macros/${name}.sql`, text })));
  expect(read.errors).toEqual([]);
  const store = cache === undefined ? undefined : openCompileCache(cache);
  const answer = await compile({
    models: Object.entries(files.models).map(([id, sql]) => ({ id, file: `models/${id}.sql`, sql, text: sql, sqlOffset: 0 })),
    schemas,
    lineage: "columns",
    macros: [...read.macros, ...(files.functions ?? []).map(stubOf)],
    ...(store === undefined ? {} : { cache: store }),
  });
  store?.save();
  return answer;
}

function hash(compilation: Compilation, id: string): string {
  return modelCodeHash(modelSpec.parse({}), compilation.models.get(id)!);
}

const shout = (codeHash: string): OwnFunction => ({
  name: "shout",
  parameters: ["VARCHAR", "INTEGER"],
  returns: "VARCHAR",
  file: "pipelines/f.ts",
  exportName: "shout",
  codeHash,
});

describe("macros of a project", () => {
  const models = {
    "m.a": "select id, net(price) as net from raw.sales",
    "m.b": "from in_city('Rome')",
    "m.c": "select id from raw.sales",
  };
  const net = "-- what is left\ncreate macro net(price, tax := 0.2) as price * kept(tax);";
  const kept = "create or replace macro kept(tax) as 1 - tax";
  const city = "create macro in_city(name) as table select s.id from raw.sales s join raw.shops h using (shop) where h.city = name";

  it("are part of the queries that call them: columns, dependencies and lineage see through them", async () => {
    const { models: answers, errors } = await compiled({ macros: { net, kept, city }, models });
    expect(errors).toEqual([]);
    expect(answers.get("m.a")!.columns!.map(({ name }) => name)).toEqual(["id", "net"]);
    expect(answers.get("m.a")!.lineage!.columns["net"]).toEqual([{ asset: "raw.sales", path: "price", kind: "transform" }]);
    expect(answers.get("m.b")!.dependencies).toEqual(["raw.sales", "raw.shops"]);
    expect(answers.get("m.b")!.lineage!.influences.map(({ asset, path }) => `${asset}.${path}`)).toEqual([
      "raw.sales.shop",
      "raw.shops.city",
      "raw.shops.shop",
    ]);
  });

  it("change the models that call them, also through others, and no others; formatting changes none", async () => {
    const before = await compiled({ macros: { net, kept, city }, models });
    const same = await compiled({ macros: { net, kept: `${kept} -- all of it`, city }, models });
    const after = await compiled({ macros: { net, kept: kept.replace("1 - tax", "1 - tax / 2"), city }, models });
    const changed = (other: Compilation): string[] => Object.keys(models).filter((id) => hash(before, id) !== hash(other, id));
    expect(changed(same)).toEqual([]);
    expect(changed(after)).toEqual(["m.a"]);
  });

  it("with several lists of parameters are one", () => {
    const { macros, errors } = readMacros([
      { file: "macros/x.sql", text: "create macro f(a) as a, (a, b) as (a + b), (a, b, c) as table select a, b, c;" },
    ]);
    expect(errors).toEqual([]);
    expect(macros.map(({ name, bodies }) => [name, bodies.map(({ kind, sql }) => `${kind}: ${sql}`)])).toEqual([
      ["f", ["scalar: a", "scalar: (a + b)", "table: select a, b, c"]],
    ]);
  });

  it("with mistakes are told at their places, all at once", async () => {
    const read = readMacros([
      { file: "macros/a.sql", text: "create macro f(x) as x;\nselect 1;\ncreate macro s.g(x) as x;\ncreate macro F(y) as y" },
      { file: "macros/b.sql", text: "create macro h as 1" },
    ]);
    expect(read.errors.map(({ code, location }) => [code, location?.file, location?.line, location?.column])).toEqual([
      ["MR2040", "macros/a.sql", 2, 1],
      ["MR2040", "macros/a.sql", 3, 14],
      ["MR2041", "macros/a.sql", 4, 14],
      ["MR2040", "macros/b.sql", 1, 14],
    ]);
    const { errors } = await compiled({
      macros: {
        a: "create macro f(x) as x +;",
        b: "create macro rows_of(n) as table\n  select * from raw.sale limit n",
        c: "create macro u(x) as\n  x + y",
      },
      models: { "m.a": "select nothing from raw.sales", "m.b": "select u(1) as one" },
    });
    expect(errors.map(({ code, location }) => [code, location?.file, location?.line, location?.column])).toEqual([
      ["MR2001", "macros/a.sql", 1, 25],
      ["MR2002", "macros/b.sql", 2, 17],
      ["MR2003", "macros/c.sql", 2, 7],
      ["MR2003", "models/m.a.sql", 1, 8],
    ]);
    expect(errors[1]!.hint).toBe('did you mean "raw.sales"?');
  });

  it("stand for functions of TypeScript with their types and their code", async () => {
    const model = { "m.a": "select shout(shop, 2) as s from raw.sales", "m.c": "select id from raw.sales" };
    const one = await compiled({ macros: {}, models: model, functions: [shout("1")] });
    const two = await compiled({ macros: {}, models: model, functions: [shout("2")] });
    expect(one.errors).toEqual([]);
    expect(one.models.get("m.a")!.columns).toEqual([{ name: "s", type: "VARCHAR" }]);
    expect(one.models.get("m.a")!.lineage!.columns["s"]).toEqual([{ asset: "raw.sales", path: "shop", kind: "transform" }]);
    expect(Object.keys(model).filter((id) => hash(one, id) !== hash(two, id))).toEqual(["m.a"]);
  });
});
