// Reading a project: what comes out of sound files, and what is told about every kind of bad one.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { MillraceError } from "../model/errors.ts";
import { readProject } from "./read.ts";
import type { Project, ReadOptions } from "./reader.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const options: ReadOptions = {
  connectors: {
    files: z.strictObject({
      path: z.union([z.string(), z.array(z.string())]),
      format: z.enum(["auto", "csv", "json"]).optional(),
      skipLines: z.int().optional(),
    }),
    http: z.strictObject({ url: z.string().optional(), connection: z.string().optional(), rows: z.string().optional() }),
  },
  checks: ["notNull", "unique", "range", "rule"],
  materializations: ["view", "table"],
};

function write(files: Readonly<Record<string, string | Uint8Array>>): string {
  const dir = mkdtempSync(join(tmpdir(), "millrace-read-"));
  folders.push(dir);
  for (const [name, content] of Object.entries({ "millrace.yaml": "name: test\n", ...files })) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  return dir;
}

async function read(files: Readonly<Record<string, string | Uint8Array>>, more: ReadOptions = {}): Promise<Project> {
  return readProject(write(files), { ...options, ...more });
}

/** `CODE file:line:column "marked text"`, so that a test sees what the user sees. */
function told(errors: readonly MillraceError[]): string[] {
  return errors.map(({ code, location }) => {
    if (location === undefined) return code;
    const line = location.text?.split(/\r\n|\n/)[location.line - 1] ?? "";
    const marked = line.slice(location.column - 1, location.column - 1 + (location.length ?? 0));
    return `${code} ${location.file}:${location.line}:${location.column} ${marked.replace(/\0|^\[{9}.*/, "")}`.trim();
  });
}

const source = "from:\n  files: { path: data/*.csv }\n";

describe("a sound project", () => {
  it("gives nodes with their names, connectors, SQL and checks", async () => {
    const project = await read({
      "millrace.yaml": "name: real-estate\ndefaults: { retry: { attempts: 2 }, timeout: 1h }\n",
      "sources/county.yaml": `${source}primaryKey: [a]\nchecks: [{ notNull: [a] }]\ntags: [county]\n`,
      "models/clean/sales.sql": "/*---\nmaterialize: table\nkey: [a]\n---*/\nselect a from raw.county\n",
      "models/plain.sql": "select 1 as a",
      "exports/listings.yaml": "select: clean.sales\nto: { files: { path: out/listings.csv } }\n",
      "jobs/nightly.yaml": 'select: "+out.listings"\ntriggers: [{ schedule: { cron: "0 6 * * *", timezone: Europe/Berlin } }]\n',
      "tests/clean_sales.yaml": "model: clean.sales\ngiven: { raw.county: [{ a: 1 }] }\nexpect: [{ a: 1 }]\n",
      "checks/positive.sql": "/*---\non: clean.sales\nseverity: warn\n---*/\nselect * from clean.sales where a < 0",
    });
    expect(told(project.errors)).toEqual([]);
    expect(project.warnings).toEqual([]);
    expect(project.name).toBe("real-estate");
    expect(project.nodes.map((node) => [node.kind, node.id, node.file])).toEqual([
      ["source", "raw.county", "sources/county.yaml"],
      ["model", "clean.sales", "models/clean/sales.sql"],
      ["model", "main.plain", "models/plain.sql"],
      ["export", "out.listings", "exports/listings.yaml"],
    ]);
    const [county, sales] = project.nodes;
    expect(county).toMatchObject({
      connector: "files",
      options: { path: "data/*.csv" },
      tags: ["county"],
      timeout: "1h",
      retry: { attempts: 2 },
      checks: [{ notNull: ["a"] }],
    });
    expect(sales).toMatchObject({ sql: "\nselect a from raw.county\n", sqlOffset: 39, spec: { materialize: "table", key: ["a"] } });
    expect(project.jobs).toMatchObject([{ name: "nightly", spec: { select: "+out.listings" } }]);
    expect(project.tests).toMatchObject([{ name: "clean_sales", spec: { model: "clean.sales" } }]);
    expect(project.checkFiles).toMatchObject([{ name: "positive", on: "clean.sales", entry: { severity: "warn" } }]);
    expect(project.locate("clean.sales", ["key", 0])).toMatchObject({ file: "models/clean/sales.sql", line: 3, column: 7 });
  });

  it("takes a name for a folder of the project that says none, and an empty millrace.yaml", async () => {
    const project = await read({ "millrace.yaml": "# nothing yet\n" });
    expect(project.errors).toEqual([]);
    expect(project.name).toMatch(/^millrace-read-/);
  });

  it("keeps values that JavaScript cannot hold as they were written", async () => {
    const project = await read({
      "models/a.sql": "select 1 as a",
      "tests/t.yaml":
        "model: main.a\nexpect: [{ zip: 00501, id: 9007199254740993, x: 1.10, n: 0.1234567890123456789, b: true, nothing: null }]\n",
    });
    expect(project.tests[0]!.spec.expect).toEqual([
      { zip: "00501", id: "9007199254740993", x: 1.1, n: "0.1234567890123456789", b: true, nothing: null },
    ]);
  });

  it("reads registry.csv with dotted headers and lists", async () => {
    const project = await read({
      "sources/registry.csv":
        'name,from.files.path,from.files.skipLines,primaryKey,cursor,load,tags,contract.missingColumn,checks.notNull\nsales,"data/a,b.csv",4,borough;block,day,merge,county;daily,fail,borough\nlisting,data/l.csv,,,,,,,\n',
    });
    expect(told(project.errors)).toEqual([]);
    expect(project.nodes).toMatchObject([
      {
        id: "raw.sales",
        options: { path: "data/a,b.csv", skipLines: 4 },
        spec: {
          primaryKey: ["borough", "block"],
          cursor: "day",
          load: "merge",
          tags: ["county", "daily"],
          contract: { missingColumn: "fail" },
        },
        checks: [{ notNull: ["borough"] }],
      },
      { id: "raw.listing", options: { path: "data/l.csv" } },
    ]);
  });

  it("takes a bare null for the word in a contract", async () => {
    const project = await read({ "sources/a.yaml": `${source}contract: { badValue: null }\n` });
    expect(project.nodes[0]).toMatchObject({ spec: { contract: { badValue: "null" } } });
  });

  it("follows symbolic links, not in circles, and leaves hidden files out", async () => {
    const dir = write({
      "shared/b.sql": "select 1 as b",
      "models/.hidden.sql": "x",
      "models/.git/a.sql": "x",
      "models/a.sql": "select 1 as a",
      "models/notes.sql.txt": "",
    });
    symlinkSync("../shared", join(dir, "models/linked"));
    symlinkSync("../models", join(dir, "models/circle"));
    const project = await readProject(dir, options);
    expect(project.errors).toEqual([]);
    expect(project.warnings).toEqual([]);
    expect(project.nodes.map((node) => node.id)).toEqual(["main.a", "linked.b"]);
  });

  it("fills ${env:…} in where a duration or a number must be known", async () => {
    const project = await read(
      { "models/a.sql": '/*---\ntimeout: "${env:LIMIT}"\nretry: { attempts: "${env:TRIES}" }\n---*/select 1 as a' },
      { env: { LIMIT: "5m", TRIES: "4" } },
    );
    expect(told(project.errors)).toEqual([]);
    expect(project.nodes[0]).toMatchObject({ timeout: "5m", retry: { attempts: 4 } });
  });

  it("lets a placeholder stand for any option of a connector", async () => {
    const project = await read({ "sources/a.yaml": 'from: { files: { path: a.csv, skipLines: "${env:SKIP}" } }\n' });
    expect(told(project.errors)).toEqual([]);
    expect(project.nodes[0]).toMatchObject({ options: { skipLines: "${env:SKIP}" } });
  });
});

describe("what is wrong", () => {
  const cases: readonly (readonly [string, Readonly<Record<string, string | Uint8Array>>, readonly string[]])[] = [
    ["an unknown key", { "sources/a.yaml": `${source}primary_key: [a]\n` }, ["MR1020 sources/a.yaml:3:1 primary_key"]],
    [
      "an unknown key in a nested mapping",
      { "sources/a.yaml": `${source}contract: { badvalue: fail }\n` },
      ["MR1020 sources/a.yaml:3:13 badvalue"],
    ],
    [
      "an unknown key of a connector",
      { "sources/a.yaml": "from:\n  files:\n    path: a.csv\n    skiplines: 3\n" },
      ["MR1020 sources/a.yaml:4:5 skiplines"],
    ],
    ["a wrong type", { "sources/a.yaml": `${source}cursor: [a]\n` }, ["MR1021 sources/a.yaml:3:9 [a]"]],
    [
      "a wrong type where there is a choice",
      { "sources/a.yaml": `${source}primaryKey: { a: 1 }\n` },
      ["MR1021 sources/a.yaml:3:13 { a: 1 }"],
    ],
    ["a number where text is wanted", { "sources/a.yaml": `${source}owner: 5\n` }, ["MR1021 sources/a.yaml:3:8 5"]],
    ["a word that is not allowed", { "models/a.sql": "/*---\nmaterialize: tabel\n---*/ select 1" }, ["MR1023 models/a.sql:2:14 tabel"]],
    ["a duration that is none", { "models/a.sql": "/*---\ntimeout: 5 parsecs\n---*/ select 1" }, ["MR1023 models/a.sql:2:10 5 parsecs"]],
    ["a missing key", { "sources/a.yaml": "description: x\n" }, ["MR1022 sources/a.yaml:1:1 description: x"]],
    ["a list instead of a mapping", { "sources/a.yaml": "- a\n- b\n" }, ["MR1021 sources/a.yaml:1:1 - a"]],
    ["an empty definition", { "sources/a.yaml": "# later\n" }, ["MR1015 sources/a.yaml:1:1"]],
    ["YAML that is not well-formed", { "sources/a.yaml": "from: [a\nb: 1\n" }, ["MR1010 sources/a.yaml:2:1 b"]],
    ["a duplicate key", { "sources/a.yaml": `${source}owner: a\nowner: b\n` }, ["MR1011 sources/a.yaml:4:1 owner"]],
    ["a tab", { "sources/a.yaml": "from:\n\tfiles: { path: a }\n" }, ["MR1014 sources/a.yaml:2:1"]],
    ["several documents", { "sources/a.yaml": `${source}---\na: 1\n` }, ["MR1013 sources/a.yaml:3:1 ---"]],
    ["an alias bomb", { "sources/a.yaml": bomb() }, ["MR1012 sources/a.yaml:4:29 *c"]],
    ["an alias that contains itself", { "sources/a.yaml": "from: &a { b: *a }\n" }, ["MR1012 sources/a.yaml:1:15 *a"]],
    ["an alias without an anchor", { "sources/a.yaml": "from: *nothing\n" }, ["MR1010 sources/a.yaml:1:7 *nothing"]],
    ["a tag nobody knows", { "sources/a.yaml": "from: !!js/function 'x'\n" }, ["MR1010 sources/a.yaml:1:7 !!js/function"]],
    ["very deep nesting", { "sources/a.yaml": `from: ${"[".repeat(500)}${"]".repeat(500)}\n` }, ["MR1010 sources/a.yaml:1:71"]],
    ["a NUL byte", { "sources/a.yaml": "from: a\nb: \0\n" }, ["MR1004 sources/a.yaml:2:4"]],
    ["a NUL byte in SQL", { "models/a.sql": "select\n1 \0" }, ["MR1004 models/a.sql:2:3"]],
    ["text that is not UTF-8", { "models/a.sql": Buffer.from("select 1,\n'caf\xe9'", "latin1") }, ["MR1004 models/a.sql:2:1"]],
    ["UTF-16", { "sources/a.yaml": Buffer.from("\uFEFFfrom: 1", "utf16le") }, ["MR1004 sources/a.yaml:1:1"]],
    ["a folder named like a definition", { "sources/x.yaml/inner.txt": "" }, ["MR1006 sources/x.yaml:1:1"]],
    ["front matter between dashes alone", { "models/a.sql": "---\nmaterialize: table\n---\nselect 1" }, ["MR1016 models/a.sql:1:1 ---"]],
    ["front matter that is not closed", { "models/a.sql": "/*---\nmaterialize: table\nselect 1" }, ["MR1016 models/a.sql:1:1 /*---"]],
    [
      "front matter that is closed like a comment",
      { "models/a.sql": "/*---\nmaterialize: table\n*/\nselect 1" },
      ["MR1016 models/a.sql:3:1 */"],
    ],
    [
      "a comment that looks like front matter",
      { "models/a.sql": "/* --- materialize: table --- */ select 1" },
      ["MR1016 models/a.sql:1:1 /* ---"],
    ],
    ["front matter with two dashes", { "models/a.sql": "/*--\nmaterialize: table\n--*/\nselect 1" }, ["MR1016 models/a.sql:1:1 /*--"]],
    ["front matter with four dashes", { "models/a.sql": "/*----\nchecks: []\n----*/\nselect 1" }, ["MR1016 models/a.sql:1:1 /*----"]],
    ["front matter with a blank and two dashes", { "models/a.sql": "/* -- checks: [] -- */ select 1" }, ["MR1016 models/a.sql:1:1 /* --"]],
    ["a SQL file without a query", { "models/a.sql": "/*---\nowner: me\n---*/\n-- later\n" }, ["MR1017 models/a.sql:3:6"]],
    ["an unknown connector", { "sources/a.yaml": "from:\n  file: { path: a }\n" }, ["MR1040 sources/a.yaml:2:3 file"]],
    ["two connectors", { "sources/a.yaml": "from:\n  files: { path: a }\n  http: { url: b }\n" }, ["MR1041 sources/a.yaml:3:3 http"]],
    ["no connector", { "sources/a.yaml": "from: {}\n" }, ["MR1041 sources/a.yaml:1:1 from"]],
    [
      "a connector's option of the wrong type",
      { "sources/a.yaml": "from: { files: { path: a, skipLines: many } }\n" },
      ["MR1021 sources/a.yaml:1:38 many"],
    ],
    ["a connector without its options", { "sources/a.yaml": "from:\n  files:\n" }, ["MR1022 sources/a.yaml:2:3 files"]],
    [
      "an unknown connection",
      { "sources/a.yaml": "from: { http: { connection: conty } }\n", "millrace.yaml": "connections: { county: { http: { url: x } } }\n" },
      ["MR1042 sources/a.yaml:1:29 conty"],
    ],
    [
      "a connection of another connector",
      { "sources/a.yaml": "from: { http: { connection: c } }\n", "millrace.yaml": "connections: { c: { files: { path: x } } }\n" },
      ["MR1042 sources/a.yaml:1:29 c"],
    ],
    ["a connection of no connector", { "millrace.yaml": "connections:\n  c: { htpp: { url: x } }\n" }, ["MR1040 millrace.yaml:2:8 htpp"]],
    ["an unknown check", { "models/a.sql": "/*---\nchecks:\n  - notNul: [a]\n---*/ select 1 as a" }, ["MR1043 models/a.sql:3:5 notNul"]],
    [
      "a check that is only a word",
      { "models/a.sql": "/*---\nchecks: [unique]\n---*/ select 1 as a" },
      ["MR1021 models/a.sql:2:10 unique"],
    ],
    ["a check on nothing", { "checks/c.sql": "/*---\non: clean.sale\n---*/ select 1" }, ["MR1044 checks/c.sql:2:5 clean.sale"]],
    ["a check without on", { "checks/c.sql": "select 1" }, ["MR1022 checks/c.sql:1:1"]],
    ["an export of nothing", { "exports/e.yaml": "select: final.x\nto: { files: { path: a } }\n" }, ["MR1044 exports/e.yaml:1:9 final.x"]],
    ["an export with neither select nor sql", { "exports/e.yaml": "to: { files: { path: a } }\n" }, ["MR1022 exports/e.yaml:1:1 to"]],
    ["a test of nothing", { "tests/t.yaml": "model: a.b\nexpect: []\n" }, ["MR1044 tests/t.yaml:1:8 a.b"]],
    [
      "a materialization of another version",
      { "models/a.sql": "/*---\nmaterialize: incremental\nincremental: { by: d }\n---*/ select 1" },
      ["MR1046 models/a.sql:2:14 incremental"],
    ],
    [
      "a state in two places",
      { "millrace.yaml": "state: { sqlite: {}, postgres: { url: x } }\n" },
      ["MR1023 millrace.yaml:1:8 { sqlite: {}, postgres: { url: x } }"],
    ],
    ["merge without a key", { "sources/a.yaml": `${source}load: merge\n` }, ["MR1022 sources/a.yaml:3:7 merge"]],
    [
      "a placeholder that is not understood",
      { "sources/a.yaml": 'from: { files: { path: "${SECRET}/a.csv" } }\n' },
      ['MR1053 sources/a.yaml:1:24 "${SECRET}/a.csv"'],
    ],
    [
      "a trigger of two kinds",
      { "jobs/j.yaml": "triggers:\n  - schedule: { every: 1h }\n    files: { path: a }\n" },
      ["MR1023 jobs/j.yaml:2:5 schedule: { every: 1h }"],
    ],
    [
      "a time zone that is none",
      { "jobs/j.yaml": "triggers: [{ schedule: { every: 1h, timezone: Mars } }]\n" },
      ["MR1603 jobs/j.yaml:1:47 Mars"],
    ],
    ["a task of no kind", { "jobs/j.yaml": "tasks: { notify: { after: a.b } }\n" }, ["MR1023 jobs/j.yaml:1:10 notify"]],
    [
      "two exports into one file",
      {
        "exports/a.yaml": "sql: select 1 as a\nto: { files: { path: out/x.csv } }\n",
        "exports/b.yaml": "sql: select 2 as b\nto: { files: { path: out/../out/x.csv } }\n",
      },
      ["MR1047 exports/b.yaml:2:22 out/../out/x.csv"],
    ],
    ["a name with a quote", { 'models/a"b.sql': "select 1" }, ['MR1031 models/a"b.sql:1:1']],
    ["a name that leads out", { "sources/a.yaml": `name: ../../etc/passwd\n${source}` }, ["MR1031 sources/a.yaml:1:7 ../../etc/passwd"]],
    ["a name with a line end", { "models/a\nb.sql": "select 1" }, ["MR1031 models/a\nb.sql:1:1"]],
    ["a name that begins with a digit", { "models/2024.sql": "select 1" }, ["MR1031 models/2024.sql:1:1"]],
    ["a schema of Millrace's own", { "models/_millrace/loads.sql": "select 1" }, ["MR1031 models/_millrace/loads.sql:1:1"]],
    ["a name of three parts", { "sources/a.yaml": `name: a.b.c\n${source}` }, ["MR1031 sources/a.yaml:1:7 a.b.c"]],
    [
      "two assets of one name",
      { "sources/a.yaml": `name: clean.x\n${source}`, "models/clean/x.sql": "select 1" },
      ["MR1030 models/clean/x.sql:1:1"],
    ],
    [
      "names that differ in letter case",
      { "models/Clean/X.sql": "select 1", "models/clean/x.sql": "select 1" },
      ["MR1030 models/clean/x.sql:1:1"],
    ],
    [
      "a registry row with too many cells",
      { "sources/registry.csv": "name,from.files.path\na,b,c\n" },
      ["MR1045 sources/registry.csv:2:5 c"],
    ],
    [
      "a registry with an unknown key",
      { "sources/registry.csv": "name,from.files.path,primarykey\na,b,c\n" },
      ["MR1020 sources/registry.csv:1:22 primarykey"],
    ],
    ["a registry with an open quote", { "sources/registry.csv": 'name,from.files.path\na,"b\n' }, ['MR1045 sources/registry.csv:2:3 "']],
    [
      "a registry row that doubles a name",
      { "sources/registry.csv": "name,from.files.path\na,b\nA,c\n" },
      ["MR1030 sources/registry.csv:3:1 A"],
    ],
  ];
  for (const [what, files, expected] of cases) {
    it(`is told with its code and place: ${what}`, async () => {
      const project = await read(files);
      expect(told(project.errors)).toEqual(expected);
      for (const error of project.errors) expect(error.message).not.toMatch(/undefined|\[object|NaN/);
    });
  }

  it("suggests the key, connector or word that was meant", async () => {
    const project = await read({ "sources/a.yaml": `${source.replace("path", "paht")}primary_key: [a]\nload: mergee\n` });
    expect(project.errors.map((error) => error.hint?.split("\n")[0])).toEqual([
      "it takes text or a list",
      'did you mean "path"?',
      'did you mean "primaryKey"?',
      'did you mean "merge"?',
    ]);
  });

  it("says what is expected and what stands there", async () => {
    const project = await read({ "sources/a.yaml": `${source}primaryKey: { a: 1 }\nowner: 5\n` });
    expect(project.errors.map((error) => error.message)).toEqual([
      "primaryKey: expected text or a list, found a mapping",
      "owner: expected text, found the number 5",
    ]);
    expect(project.errors[1]!.hint).toBe('put it in quotes: "5"');
  });

  it("is none where a comment with dashes stands at the beginning", async () => {
    for (const comment of ["/*-- our areas --*/", "/*------\n areas\n------*/", "/* -- one\n*/ -- materialize: table\n"])
      expect((await read({ "models/a.sql": `${comment}\nselect 1 as a` })).errors).toEqual([]);
  });

  it("is told all in one go, in the order of files and lines", async () => {
    const project = await read({ "sources/b.yaml": "x: 1\ny: 2\n", "models/a.sql": "/*---\nz: 1\n---*/", "sources/a.yaml": "from: [" });
    expect(project.errors.map(({ code, location }) => `${code} ${location!.file}:${location!.line}`)).toEqual([
      "MR1020 models/a.sql:2",
      "MR1017 models/a.sql:3",
      "MR1010 sources/a.yaml:1",
      "MR1022 sources/b.yaml:1",
      "MR1020 sources/b.yaml:1",
      "MR1020 sources/b.yaml:2",
    ]);
  });

  it("does not hide a wrong check or connector behind another mistake of the same file", async () => {
    const project = await read({
      "models/a.sql": "/*---\nmaterialise: table\nchecks: [{ notNul: [a] }]\n---*/ select 1 as a",
      "sources/b.yaml": "x: 1\nfrom: { file: {} }\nchecks: [{ uniqe: [a] }]\n",
    });
    expect(project.errors.map((error) => error.code)).toEqual(["MR1020", "MR1043", "MR1020", "MR1040", "MR1043"]);
  });

  it("names both places of a name that is there twice", async () => {
    const project = await read({ "sources/a.yaml": `description: x\nname: clean.x\n${source}`, "models/clean/x.sql": "select 1" });
    expect(project.errors[0]!.message).toBe('model "clean.x" is defined twice: here and in sources/a.yaml:2');
  });

  it("is a broken link, with the reason", async () => {
    const dir = write({ "models/a.sql": "select 1" });
    symlinkSync("nowhere.sql", join(dir, "models/b.sql"));
    const project = await readProject(dir, options);
    expect(told(project.errors)).toEqual(["MR1003 models/b.sql:1:1"]);
  });

  it("is a file that is too large to be a definition", async () => {
    const project = await read({ "models/a.sql": `select 1 -- ${"x".repeat(4_000_001)}` });
    expect(told(project.errors)).toEqual(["MR1007 models/a.sql:1:1"]);
  });

  it("warns of what looks like a definition in the wrong place", async () => {
    const project = await read({
      "models/x.json": "{}",
      "sources/y.sql": "select 1",
      "model/z.sql": "select 1",
      "models/readme.txt": "",
      "models/x.SQL.txt": "",
    });
    expect(project.errors).toEqual([]);
    expect(told(project.warnings)).toEqual(["MR1032 model:1:1", "MR1032 models/x.json:1:1", "MR1032 sources/y.sql:1:1"]);
  });

  it("is nothing but a MillraceError, whatever stands in a file", async () => {
    const word = fc.constantFrom(
      "from:",
      " files:",
      "  path: a",
      "\n",
      "\n  ",
      "- ",
      "{",
      "}",
      "[",
      "]",
      "*a",
      "&a ",
      "<<: ",
      "? ",
      ": ",
      "| ",
      "> ",
      "'",
      '"',
      "#",
      "---",
      "\t",
      "!!x ",
      "%YAML 1.1\n",
      "0x",
      "~",
      "/*---",
      "---*/",
      "select 1",
      "${env:X}",
      "null",
      "checks: ",
      "__proto__: ",
    );
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.array(word, { maxLength: 25 }).map((words) => words.join("")),
    );
    const dir = write({});
    for (const folder of ["sources", "models", "jobs"]) mkdirSync(join(dir, folder));
    await fc.assert(
      fc.asyncProperty(text, async (content) => {
        for (const file of ["millrace.yaml", "sources/a.yaml", "sources/registry.csv", "models/a.sql", "jobs/a.yaml"])
          writeFileSync(join(dir, file), content);
        const project = await readProject(dir, options);
        for (const error of [...project.errors, ...project.warnings]) {
          expect(error).toBeInstanceOf(MillraceError);
          expect(error.location).toBeDefined();
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("code hashes", () => {
  it("do not change with descriptions, comments, layout or the order of keys", async () => {
    const plain = await hashOf("sources/a.yaml", "from: { files: { path: a, format: csv } }\ncursor: d\n");
    expect(
      await hashOf(
        "sources/a.yaml",
        "# c\ndescription: x\nowner: me\ntags: [a]\ncursor: d\nfrom:\n  files:\n    format: csv\n    path: a\n",
      ),
    ).toBe(plain);
    const model = await hashOf("models/a.sql", "select a,b from t");
    expect(await hashOf("models/a.sql", "/*--- description: x ---*/\nselect a, b -- c\nfrom /* d */ t;\n")).toBe(model);
  });

  it("change with what is built", async () => {
    const plain = await hashOf("sources/a.yaml", "from: { files: { path: a } }\n");
    expect(await hashOf("sources/a.yaml", "from: { files: { path: b } }\n")).not.toBe(plain);
    expect(await hashOf("sources/a.yaml", "from: { files: { path: a } }\ncolumns: { x: { type: text } }\n")).not.toBe(plain);
    const model = await hashOf("models/a.sql", "select 'a b' as x");
    expect(await hashOf("models/a.sql", "select 'a  b' as x")).not.toBe(model);
    expect(await hashOf("models/a.sql", "/*--- materialize: table ---*/ select 'a b' as x")).not.toBe(model);
  });
});

async function hashOf(file: string, text: string): Promise<string> {
  return (await read({ [file]: text })).nodes[0]!.codeHash;
}

function bomb(): string {
  const levels = "abcdefghi".split("");
  return levels
    .map(
      (name, index) => `${name}: &${name} [${Array.from({ length: 10 }, () => (index === 0 ? "x" : `*${levels[index - 1]}`)).join(",")}]`,
    )
    .join("\n");
}
