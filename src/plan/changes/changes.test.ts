// What changed between two states of a project: tables of single changes, and properties over random graphs against an independent walk.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FingerprintLeaf, QueryFingerprint } from "../../model/fingerprint.ts";
import { compareProjects } from "./changes.ts";
import { changedLines } from "./lines.ts";
import { type AssetSnapshot, noPlaces, type ProjectSnapshot, type ReaderSnapshot } from "./snapshot.ts";
import { touchedBy } from "./touched.ts";

interface ModelOptions {
  /** Per column the columns that its value stands on: `raw.a.x`. */
  readonly columns: Readonly<Record<string, readonly string[]>>;
  /** Columns that decide about rows. */
  readonly rows?: readonly string[];
  /** Tell one way of computing from another. */
  readonly ways?: Readonly<Record<string, string>>;
  readonly way?: string;
  readonly types?: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, string>>;
  readonly text?: string;
  readonly needs?: readonly string[];
}

function model(id: string, options: ModelOptions): AssetSnapshot {
  const { columns, rows = [], ways = {}, way = "", types = {}, settings = {}, text = null } = options;
  const names = Object.keys(columns);
  const places = [...new Set([...rows, ...Object.values(columns).flat()])];
  const leaves = places.map((place): FingerprintLeaf => {
    const dot = place.lastIndexOf(".");
    return { asset: place.slice(0, dot), part: "column", column: place.slice(dot + 1), type: "INTEGER" };
  });
  const needs = options.needs ?? [...new Set(leaves.map(({ asset }) => asset))];
  const at = (list: readonly string[]): readonly number[] => list.map((place) => places.indexOf(place));
  const fingerprint: QueryFingerprint = {
    rows: JSON.stringify([rows, way]),
    columns: Object.fromEntries(names.map((name) => [name, JSON.stringify([columns[name], ways[name] ?? ""])])),
    names,
    sort: null,
    reads: Object.fromEntries(
      needs.map((need) => [need, leaves.flatMap((leaf) => (leaf.asset === need && leaf.part === "column" ? [leaf.column] : []))]),
    ),
    leaves,
    rests: { rows: at(rows), columns: Object.fromEntries(names.map((name) => [name, at(columns[name]!)])) },
    delicate: { rows: false, columns: [] },
    words: { rows: [], columns: {} },
  };
  return {
    id,
    kind: "model",
    file: `models/${id.replace(".", "/")}.sql`,
    code: JSON.stringify([fingerprint.rows, fingerprint.columns, settings]),
    definition: JSON.stringify([columns, rows, ways, way, text]),
    columns: names.map((name) => ({ name, type: types[name] ?? "INTEGER" })),
    fingerprint,
    lineage: null,
    needs,
    settings,
    source: text === null ? null : { text, line: 1 },
  };
}

function source(id: string, columns: Readonly<Record<string, string>>, settings: Readonly<Record<string, string>> = {}): AssetSnapshot {
  return {
    id,
    kind: "source",
    file: `sources/${id}.yaml`,
    code: JSON.stringify([settings]),
    definition: "",
    columns: Object.entries(columns).map(([name, type]) => ({ name, type })),
    fingerprint: null,
    lineage: null,
    needs: [],
    settings,
    source: null,
  };
}

function projectOf(assets: readonly AssetSnapshot[], readers: readonly ReaderSnapshot[] = []): ProjectSnapshot {
  return { assets: new Map(assets.map((asset) => [asset.id, asset])), readers };
}

const compare = (before: ProjectSnapshot, after: ProjectSnapshot) =>
  compareProjects({ before, after, places: noPlaces, placesBefore: noPlaces });
const kinds = (before: ProjectSnapshot, after: ProjectSnapshot): Record<string, string> =>
  Object.fromEntries(compare(before, after).assets.map(({ asset, change }) => [asset, change]));

const raw = source("raw.a", { x: "INTEGER", y: "INTEGER", z: "INTEGER" });
const middle = (options: Partial<ModelOptions> = {}): AssetSnapshot =>
  model("clean.b", { columns: { x: ["raw.a.x"], y: ["raw.a.y"], z: ["raw.a.z"] }, ...options });
const last = model("final.c", { columns: { total: ["clean.b.x"] }, rows: ["clean.b.y"] });
const shop = projectOf([raw, middle(), last]);
const changed = (asset: AssetSnapshot): ProjectSnapshot => projectOf([raw, asset, last]);

describe("one change of a project", () => {
  it.each<[string, ProjectSnapshot, Record<string, string>]>([
    ["nothing", projectOf([raw, middle(), last]), {}],
    ["another text that comes out the same", changed({ ...middle(), definition: "other", code: "other" }), {}],
    [
      "a column that nobody reads is added",
      changed(middle({ columns: { x: ["raw.a.x"], y: ["raw.a.y"], z: ["raw.a.z"], w: [] } })),
      { "clean.b": "nonBreaking" },
    ],
    ["a column that nobody reads is computed in another way", changed(middle({ ways: { z: "2" } })), { "clean.b": "nonBreaking" }],
    [
      "a column that nobody reads is taken out",
      changed(middle({ columns: { x: ["raw.a.x"], y: ["raw.a.y"] } })),
      { "clean.b": "nonBreaking" },
    ],
    [
      "a column that is read is computed in another way",
      changed(middle({ ways: { x: "2" } })),
      { "clean.b": "breaking", "final.c": "indirect" },
    ],
    [
      "a column that decides about rows below changes",
      changed(middle({ ways: { y: "2" } })),
      { "clean.b": "breaking", "final.c": "indirect" },
    ],
    ["other rows", changed(middle({ rows: ["raw.a.x"] })), { "clean.b": "breaking", "final.c": "indirect" }],
    [
      "a type of a column that is read",
      changed({ ...middle({ types: { x: "BIGINT" } }), definition: "typed" }),
      { "clean.b": "breaking", "final.c": "indirect" },
    ],
    ["a description", changed(middle({ settings: { description: "new" } })), { "clean.b": "metadata" }],
    ["the way it is kept", changed(middle({ settings: { materialize: "table" } })), { "clean.b": "nonBreaking" }],
    [
      "a setting that decides about rows",
      changed(middle({ settings: { "incremental.start": "2026-01-01" } })),
      { "clean.b": "breaking", "final.c": "indirect" },
    ],
    ["an asset is added", projectOf([raw, middle(), last, model("final.d", { columns: { n: ["clean.b.z"] } })]), { "final.d": "added" }],
    ["an asset is taken out", projectOf([raw, middle()]), { "final.c": "removed" }],
    ["an asset gets another name", projectOf([raw, middle(), { ...last, id: "final.sums" }]), { "final.sums": "renamed" }],
  ])("%s", (_name, after, expected) => {
    expect(kinds(shop, after)).toEqual(expected);
  });

  it("is breaking for an asset that nobody in the project reads: people read it", () => {
    const leaf = (ways: Readonly<Record<string, string>>): AssetSnapshot =>
      model("final.c", { columns: { total: ["clean.b.x"] }, rows: ["clean.b.y"], ways });
    expect(kinds(shop, projectOf([raw, middle(), leaf({ total: "2" })]))).toEqual({ "final.c": "breaking" });
  });

  it("names a renamed column with both names and who reads it", () => {
    const after = changed(middle({ columns: { id: ["raw.a.x"], y: ["raw.a.y"], z: ["raw.a.z"] } }));
    const [change] = compare(shop, after).assets;
    expect(change).toMatchObject({ change: "breaking", rows: false });
    expect(change!.columns).toMatchObject([{ column: "id", from: "x", change: "renamed", readBy: ["final.c.total"] }]);
  });

  it("tells of an indirect change which columns differ and because of which", () => {
    const { assets } = compare(shop, changed(middle({ ways: { x: "2" } })));
    expect(assets.find(({ asset }) => asset === "final.c")).toMatchObject({
      rows: false,
      columns: [{ column: "total", change: "changed", because: ["clean.b.x"] }],
      reasons: [{ text: "reads clean.b.x, which differs" }],
    });
  });

  it("goes through a source's column settings to what reads that column alone", () => {
    const typed = (type: string): AssetSnapshot => source("raw.a", { x: type, y: "INTEGER", z: "INTEGER" }, { "columns.x.type": type });
    const before = projectOf([typed("INTEGER"), middle(), last, model("final.z", { columns: { z: ["clean.b.z"] } })]);
    const after = projectOf([typed("BIGINT"), middle(), last, model("final.z", { columns: { z: ["clean.b.z"] } })]);
    expect(kinds(before, after)).toEqual({ "raw.a": "breaking", "clean.b": "indirect", "final.c": "indirect" });
  });

  it("takes what is not understood for a change of the rows", () => {
    const opaque = (definition: string): AssetSnapshot => ({ ...middle(), fingerprint: null, definition, code: definition });
    expect(kinds(projectOf([raw, opaque("1"), last]), projectOf([raw, opaque("2"), last]))).toEqual({
      "clean.b": "breaking",
      "final.c": "indirect",
    });
  });

  it("compares columns alone where the definition of before was not kept", () => {
    const unknown: AssetSnapshot = { ...middle(), code: "old", definition: "unknown", fingerprint: null, settings: null };
    const { assets } = compare(projectOf([raw, unknown, last]), shop);
    expect(assets.find(({ asset }) => asset === "clean.b")).toMatchObject({ change: "breaking", rows: true, columns: [], settings: [] });
  });

  it("touches exports, checks and tests that read what changed, and says which break", () => {
    const readers: readonly ReaderSnapshot[] = [
      { kind: "export", name: "out.b", file: "exports/b.yaml", reads: { "clean.b": "all" } },
      { kind: "check", name: "notNull(x)", file: "models/clean/b.sql", reads: { "clean.b": ["x"] } },
      { kind: "check", name: "notNull(z)", file: "models/clean/b.sql", reads: { "clean.b": ["z"] } },
      { kind: "test", name: "b", file: "tests/b.yaml", reads: { "raw.a": ["x"], "clean.b": ["y"] } },
    ];
    const before = projectOf([raw, middle(), last], readers);
    const after = projectOf([raw, middle({ columns: { y: ["raw.a.y"], z: ["raw.a.z"] } }), last], readers);
    expect(touchedBy({ before, after }, compare(before, after)).map(({ name, breaks }) => [name, breaks])).toEqual([
      ["out.b", true],
      ["notNull(x)", true],
    ]);
  });

  it.each([
    ["DECIMAL(12,2)", "DECIMAL(38,3)", false],
    ["DECIMAL(12,2)", "VARCHAR", true],
    ["INTEGER", "BIGINT", true],
  ])("a column that was %s and is %s: does it break a check? %j", (was, is, breaks) => {
    const readers: readonly ReaderSnapshot[] = [{ kind: "check", name: "notNull(x)", file: "b.sql", reads: { "clean.b": ["x"] } }];
    const [before, after] = [was, is].map((type) => projectOf([raw, middle({ types: { x: type }, ways: { x: type } }), last], readers));
    expect(touchedBy({ before: before!, after: after! }, compare(before!, after!))).toMatchObject([{ name: "notNull(x)", breaks }]);
  });
});

describe("lines that changed", () => {
  it.each([
    ["a\nb\nc", "a\nb\nc", []],
    ["a\nb\nc", "a\nx\nc", [1]],
    ["a\nc", "a\nb\nc", [1]],
    ["a\nb\nc", "a\nc", [1]],
    ["a\nb", "a", [0]],
    ["", "a", [0]],
    ["select a\nfrom b", "  select a\n  from b", []],
  ])("%j → %j", (before, after, expected) => {
    expect(changedLines(before, after)).toEqual(expected);
  });

  it("lie in the new text, and the others make a part of the old one in its order", () => {
    const text = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 12 });
    fc.assert(
      fc.property(text, text, (old, now) => {
        const changedHere = new Set(changedLines(old.join("\n"), now.join("\n")));
        let at = 0;
        for (const [index, line] of now.entries()) {
          if (changedHere.has(index)) continue;
          at = old.indexOf(line, at) + 1;
          if (at === 0 && now.length > 0 && old.length > 0) return false;
        }
        return [...changedHere].every((line) => line >= 0 && line < Math.max(1, now.length));
      }),
      { numRuns: 500, seed: 6 },
    );
  });
});

interface Random {
  readonly assets: readonly AssetSnapshot[];
  /** Which model's column is computed in another way, or null: its rows. */
  readonly changed: number;
  readonly column: string | null;
}

const COLUMNS = ["p", "q", "r"] as const;

/** Models m.0, m.1 … that read columns of earlier ones. */
const random: fc.Arbitrary<Random> = fc
  .array(
    fc.array(fc.record({ from: fc.nat(), column: fc.constantFrom(...COLUMNS), to: fc.constantFrom("rows", ...COLUMNS) }), { maxLength: 5 }),
    {
      minLength: 2,
      maxLength: 9,
    },
  )
  .chain((drawn) =>
    fc
      .record({ changed: fc.nat({ max: drawn.length - 1 }), column: fc.option(fc.constantFrom(...COLUMNS)) })
      .map(({ changed: index, column }) => ({
        assets: drawn.map((edges, at) => {
          const own = at === 0 ? [] : edges.map((edge) => ({ ...edge, place: `m.${edge.from % at}.${edge.column}` }));
          const of = (to: string): readonly string[] => own.filter((edge) => edge.to === to).map(({ place }) => place);
          return model(`m.${at}`, { columns: Object.fromEntries(COLUMNS.map((name) => [name, of(name)])), rows: of("rows") });
        }),
        changed: index,
        column,
      })),
  );

function withChange({ assets, changed: index, column }: Random): readonly AssetSnapshot[] {
  return assets.map((asset, at) => {
    if (at !== index) return asset;
    const fingerprint = asset.fingerprint!;
    const other =
      column === null
        ? { ...fingerprint, rows: `${fingerprint.rows}!` }
        : { ...fingerprint, columns: { ...fingerprint.columns, [column]: `${fingerprint.columns[column]}!` } };
    return { ...asset, definition: `${asset.definition}!`, code: `${asset.code}!`, fingerprint: other };
  });
}

/** Independent of the code: everything that an asset's column or rows can reach, place by place. */
function reached({ assets, changed: index, column }: Random): ReadonlySet<string> {
  const places = new Set(column === null ? ["rows", ...COLUMNS].map((part) => `m.${index}.${part}`) : [`m.${index}.${column}`]);
  for (let grew = true; grew;) {
    grew = false;
    for (const { id, needs, fingerprint } of assets) {
      const hits = (positions: readonly number[]): boolean =>
        positions.some((at) => {
          const leaf = fingerprint!.leaves[at]!;
          return leaf.part === "column" && places.has(`${leaf.asset}.${leaf.column}`);
        });
      const hasRows = needs.some((need) => places.has(`${need}.rows`)) || hits(fingerprint!.rests.rows);
      const own = hasRows ? ["rows", ...COLUMNS] : COLUMNS.filter((name) => hits(fingerprint!.rests.columns[name]!));
      for (const part of own)
        if (!places.has(`${id}.${part}`)) {
          places.add(`${id}.${part}`);
          grew = true;
        }
    }
  }
  return new Set([...places].map((place) => place.split(".").slice(0, 2).join(".")));
}

describe("random projects", () => {
  it("have no change against themselves, in whatever order their files were found", () => {
    fc.assert(
      fc.property(
        random,
        ({ assets }) => compare(projectOf(assets), projectOf([...assets].map((asset) => ({ ...asset })))).assets.length === 0,
      ),
      { numRuns: 200, seed: 6 },
    );
  });

  it("tell exactly what a change can reach, and nothing else", () => {
    fc.assert(
      fc.property(random, (drawn) => {
        const told = compare(projectOf(drawn.assets), projectOf(withChange(drawn))).assets.map(({ asset }) => asset);
        expect(new Set(told)).toEqual(reached(drawn));
      }),
      { numRuns: 400, seed: 6 },
    );
  });

  it("call direct what changed itself and indirect what did not", () => {
    fc.assert(
      fc.property(random, (drawn) => {
        for (const { asset, change } of compare(projectOf(drawn.assets), projectOf(withChange(drawn))).assets)
          expect(change === "indirect").toBe(asset !== `m.${drawn.changed}`);
      }),
      { numRuns: 200, seed: 6 },
    );
  });
});
