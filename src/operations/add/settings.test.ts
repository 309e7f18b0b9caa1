// Settings of `add`: typed by the connector's options, with no secret left in them; and which tables are chosen.
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { chooseTables } from "./choose.ts";
import { questionsFor, settingsFrom, withoutSecretValues } from "./settings.ts";
import { sourceFileOf } from "./write.ts";

const options = z.strictObject({
  url: z.string().optional(),
  path: z.union([z.string(), z.array(z.string())]).optional(),
  size: z.int().optional(),
  tables: z.array(z.string()).optional(),
  auth: z
    .union([z.strictObject({ bearer: z.string() }), z.strictObject({ basic: z.strictObject({ user: z.string(), password: z.string() }) })])
    .optional(),
});

describe("settings", () => {
  it("have the types of the options, dotted keys nested", () => {
    const given = { url: "https://a/b?x=1", size: "10", tables: "a; b", "auth.basic.user": "007", "auth.basic.password": "p=w" };
    expect(settingsFrom(options, given)).toEqual({
      url: "https://a/b?x=1",
      size: 10,
      tables: ["a", "b"],
      auth: { basic: { user: "007", password: "p=w" } },
    });
    expect(() => settingsFrom(options, { size: "ten" })).toThrow("is no integer");
    expect(() => settingsFrom(options, { pth: "a" })).toThrow(expect.objectContaining({ code: "MR8504", hint: 'did you mean "path"?' }));
    expect(() => settingsFrom(options, { "auth.bearr": "x" })).toThrow('there is no key "bearr"');
  });

  it("leave their secrets in a file of their own, under names that are free", () => {
    const settings = settingsFrom(options, { url: "postgres://me:hunter2@db/x", "auth.bearer": "t0ken", path: "${secret:P}" });
    const found = withoutSecretValues(settings, { prefix: "my county", taken: new Map([["MY_COUNTY_URL", "another"]]) });
    expect(JSON.stringify(found.settings)).not.toMatch(/hunter2|t0ken/);
    expect(found.settings).toEqual({
      url: "${secret:MY_COUNTY_URL_2}",
      auth: { bearer: "${secret:MY_COUNTY_AUTH_BEARER}" },
      path: "${secret:P}",
    });
    expect([...found.secrets]).toEqual([
      ["MY_COUNTY_URL_2", "postgres://me:hunter2@db/x"],
      ["MY_COUNTY_AUTH_BEARER", "t0ken"],
    ]);
  });

  it("are asked for where nothing was said", () => {
    expect(questionsFor(options)).toMatchObject([{ key: "url", isSecret: true }]);
    expect(questionsFor(z.strictObject({ path: z.string().describe("where") }))).toEqual([
      { key: "path", description: "where", isSecret: false },
    ]);
  });
});

describe("tables", () => {
  const found = ["public.sales", "public.people", "audit.log"].map((name) => ({ name, options: { table: name } }));
  const asked = { connector: "postgres", settings: {} };
  it("are chosen by name, by pattern, and never by guess", () => {
    const names = (tables: readonly string[]): readonly string[] => chooseTables(found, tables, asked).map(({ name }) => name);
    expect(names(["public.*", "log"])).toEqual(["public.sales", "public.people", "audit.log"]);
    expect(() => names(["public.sale"])).toThrow(expect.objectContaining({ code: "MR8503", hint: "there is public.sales" }));
    expect(() => names([])).toThrow(expect.objectContaining({ code: "MR8503" }));
    expect(chooseTables(found.slice(0, 1), [], asked)).toHaveLength(1);
  });
});

describe("a source", () => {
  it("has the keys and columns that were found", () => {
    const one = {
      name: "public.Sales 2026",
      options: {},
      columns: [
        { name: "ID", type: "BIGINT" },
        { name: "updated at", type: "TIMESTAMP" },
      ],
      primaryKey: ["ID"],
      cursor: "updated at",
    };
    expect(
      sourceFileOf(one, {
        connector: "postgres",
        from: { connection: "county", table: "public.Sales 2026" },
        name: undefined,
        alone: true,
        types: "declared",
      }),
    ).toEqual({
      file: "sources/sales_2026.yaml",
      asset: "raw.sales_2026",
      text: `from:
  postgres:
    connection: county
    table: public.Sales 2026
primaryKey: id
cursor: updated_at
load: merge
columns:
  id:
    from: ID
    type: bigint
  updated_at:
    from: updated at
    type: timestamp
`,
    });
  });
});
