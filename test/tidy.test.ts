// The rules of the house, as a test: who may import whom, what the pure core may not contain, heads of files, no cycles (type imports included),
// one place for the transitions of a run. The import table here is the one of ARCHITECTURE.md; change both or none.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = resolve(fileURLToPath(import.meta.url), "../..");
const src = join(root, "src");

/** folder → folders it may import, besides itself. A file directly in src/ is its own folder ("app.ts"). */
const extension = ["model", "platform", "sql", "formats", "load", "stream", "schemas", "filestores", "databases"];
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  platform: ["model"],
  plan: ["model"],
  run: ["model"],
  trigger: ["model"],
  schedule: ["model"],
  store: ["model"],
  views: ["model", "run", "trigger", "store"],
  sql: ["model", "platform"],
  formats: ["model", "platform", "sql"],
  load: ["model", "platform", "sql", "formats", "schemas"],
  schemas: ["model"],
  filestores: ["model", "platform", "sql", "formats", "load"],
  databases: ["model", "platform", "sql", "load"],
  stream: ["model", "load"],
  connectors: extension,
  // On servers that connectors know the way to.
  engines: [...extension, "connectors"],
  checks: extension,
  materializations: extension,
  tasks: extension,
  executors: extension,
  alerts: extension,
  secrets: extension,
  engine: ["model", "plan", "run", "store", "views"],
  project: ["model", "plan", "schedule", "sql", "platform", "schemas"],
  operations: [
    "model",
    "platform",
    "plan",
    "run",
    "trigger",
    "schedule",
    "store",
    "views",
    "sql",
    "schemas",
    "formats",
    "load",
    "engine",
    "project",
  ],
  "app.ts": ["*"],
  "parts.ts": ["*"],
  "user-code.ts": ["model", "executors", "connectors", "project", "tasks"],
  "index.ts": ["model", "load", "sql", "client"],
  "testing.ts": ["testing"],
  "client.ts": ["client", "model", "server"],
  // A simulated project is read, planned, triggered and carried out by the code that does it for real.
  testing: [
    "model",
    "platform",
    "plan",
    "run",
    "trigger",
    "schedule",
    "store",
    "views",
    "sql",
    "formats",
    "load",
    "tasks",
    "executors",
    "engine",
    "project",
    "operations",
  ],
  // Of the operations their port alone, as a type: app.ts hands them in. Of the client how a route is asked: agents of the server do so.
  server: ["operations", "model", "views", "client"],
  client: ["app.ts", "model", "views", "server"],
  cli: ["app.ts", "model", "views", "client", "platform"],
};
/** Packages a folder may import at its top level; everything else is imported lazily, inside the function that needs it. */
const MAY_LOAD: Readonly<Record<string, readonly string[]>> = { model: ["zod"], plan: [], run: [], trigger: [] };

interface SourceFile {
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? walk(join(folder, entry.name)) : entry.name.endsWith(".ts") ? [join(folder, entry.name)] : [],
  );
}

const files: SourceFile[] = walk(src).map((path) => {
  const text = readFileSync(path, "utf8");
  const imports = [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)|(?:^|\n)import\s*["']([^"']+)["']/g,
    ),
  ].map((match) => match[1] ?? match[2] ?? match[3]!);
  return { path: relative(src, path), folder: relative(src, path).split("/")[0]!, text, imports };
});
const product = files.filter((file) => !file.path.endsWith(".test.ts") && !file.path.endsWith(".suite.ts"));
const targetOf = (file: SourceFile, specifier: string): string => relative(src, resolve(src, dirname(file.path), specifier));

describe("the import table", () => {
  it("names every folder of src", () => {
    expect([...new Set(product.map((file) => file.folder))].filter((folder) => !(folder in MAY_IMPORT))).toEqual([]);
  });

  it("is kept by every import, type imports included", () => {
    const broken = product.flatMap((file) =>
      file.imports
        .filter((specifier) => specifier.startsWith("."))
        .map((specifier) => targetOf(file, specifier).split("/")[0]!)
        .filter((target) => target !== file.folder && !MAY_IMPORT[file.folder]!.includes(target) && !MAY_IMPORT[file.folder]!.includes("*"))
        .map((target) => `${file.path} imports ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it("keeps packages out of the pure folders", () => {
    const broken = product.flatMap((file) => {
      const allowed = MAY_LOAD[file.folder];
      return allowed === undefined
        ? []
        : file.imports.filter((name) => !name.startsWith(".") && !allowed.includes(name)).map((name) => `${file.path} imports ${name}`);
    });
    expect(broken).toEqual([]);
  });

  it("has no cycles", () => {
    const edges = new Map(
      product.map((file) => [file.path, file.imports.filter((name) => name.startsWith(".")).map((name) => targetOf(file, name))]),
    );
    const done = new Set<string>();
    const path: string[] = [];
    const cycles: string[] = [];
    const visit = (node: string): void => {
      if (done.has(node)) return;
      if (path.includes(node)) {
        cycles.push([...path.slice(path.indexOf(node)), node].join(" → "));
        return;
      }
      path.push(node);
      for (const next of edges.get(node) ?? []) visit(next);
      path.pop();
      done.add(node);
    };
    for (const node of edges.keys()) visit(node);
    expect(cycles).toEqual([]);
  });

  it("loads no driver library at the top of an extension", () => {
    const broken = product
      .filter((file) => ["connectors", "alerts", "tasks", "secrets"].includes(file.folder))
      .flatMap((file) =>
        [...file.text.matchAll(/^import (?!type)[^;]*from "([^."][^"]*)"/gm)]
          .map((match) => match[1]!)
          .filter((name) => !name.startsWith("node:") && name !== "zod")
          .map((name) => `${file.path} imports ${name} at its top`),
      );
    expect(broken).toEqual([]);
  });
});

describe("the pure core", () => {
  const forbidden =
    /\b(Date\b|Math\.random|process\.|setTimeout|setInterval|setImmediate|queueMicrotask|async\b|await\b|console\.|performance\.|globalThis)/;
  it("has no clock, randomness, promise or output in plan, run and trigger", () => {
    const broken = product
      .filter((file) => ["plan", "run", "trigger"].includes(file.folder))
      .flatMap((file) =>
        withoutComments(file.text)
          .split("\n")
          .map((line, index) => ({ line, place: `${file.path}:${index + 1}` }))
          .filter(({ line }) => forbidden.test(line.replaceAll(/"[^"]*"|`[^`]*`/g, '""')))
          .map(({ place, line }) => `${place} ${line.trim()}`),
      );
    expect(broken).toEqual([]);
  });

  it("is the only place that changes the state of a node", () => {
    const broken = product
      .filter((file) => !["run", "testing"].includes(file.folder))
      .filter((file) => /from "[^"]*run\/evolve\.ts"/.test(file.text) && /\bkind: "(running|backoff|pending)"/.test(file.text))
      .map((file) => file.path);
    expect(broken).toEqual([]);
  });
});

describe("files", () => {
  it("start with a comment that says what they are for", () => {
    expect(product.filter((file) => !/^(#!.*\n)?\/\/ \S/.test(file.text)).map((file) => file.path)).toEqual([]);
  });

  it("stay below 400 lines", () => {
    expect(
      product.filter((file) => file.text.split("\n").length > 400).map((file) => `${file.path}: ${file.text.split("\n").length}`),
    ).toEqual([]);
  });

  it("name no path of a machine and no registry host", () => {
    // Written so that these lines do not find themselves.
    const hosts = ["registry", "npmjs"].join(".");
    const machine = ["", "work", ""].join("/");
    expect(files.filter((file) => file.text.includes(machine) || file.text.includes(hosts)).map((file) => file.path)).toEqual([]);
  });

  it("skip no test", () => {
    const skipped = /\b(it|test|describe)\.(skip|todo|only)\b|\bx(it|describe)\(/;
    const tests = [...files, ...walk(join(root, "test")).map((path) => ({ path: relative(root, path), text: readFileSync(path, "utf8") }))];
    expect(
      tests
        .filter((file) => /\.(test|suite)\.ts$/.test(file.path) && !file.path.endsWith("tidy.test.ts") && skipped.test(file.text))
        .map((file) => file.path),
    ).toEqual([]);
  });
});

/** folder of ui/src → folders it may import, besides itself. A file directly in ui/src is its own folder; a page imports no other page. */
const PAGE_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "main.tsx": ["*"],
  "routes.tsx": ["data", "shell", "pages"],
  "links.ts": [],
  data: [],
  kit: ["data", "links.ts"],
  shell: ["data", "kit", "links.ts"],
  graph: ["data", "kit", "links.ts"],
  pages: ["data", "kit", "graph", "links.ts"],
};
/** What the page takes from the product: values that are fit for a browser, and types. */
const PAGE_MAY_TAKE = /^(client\/|model\/api-paths\.ts$)/;
const PAGE_MAY_TYPE = /^(client\/|server\/api\.ts$|model\/|views\/)/;

describe("the page", () => {
  const base = join(root, "ui/src");
  const sources = readdirSync(base, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => ({ path, text: readFileSync(join(base, path), "utf8") }));
  const importsOf = (text: string): readonly { readonly isType: boolean; readonly name: string }[] =>
    [...text.matchAll(/(?:^|\n)(?:import|export)\s+(type\s)?[^;'"]*?["'](\.[^"']+)["']|import\(\s*"(\.[^"]+)"\s*\)/g)].map((match) => ({
      isType: match[1] !== undefined,
      name: match[2] ?? match[3]!,
    }));

  it("keeps its import table, and takes from the product only what is fit for a browser", () => {
    const broken = sources.flatMap(({ path, text }) =>
      importsOf(text).flatMap(({ isType, name }) => {
        const target = resolve(base, dirname(path), name);
        const told = `${path} imports ${name}`;
        if (target.startsWith(`${src}/`)) return (isType ? PAGE_MAY_TYPE : PAGE_MAY_TAKE).test(relative(src, target)) ? [] : [told];
        const [from, to] = [path, relative(base, target)].map((each) => each.split("/"));
        if (from![0] === to![0]) return from![0] === "pages" && from![1] !== to![1] ? [told] : [];
        const may = PAGE_MAY_IMPORT[from![0]!] ?? [];
        return may.includes("*") || may.includes(to![0]!) || to![0] === "styles" ? [] : [told];
      }),
    );
    expect(broken).toEqual([]);
  });

  it("has files that say what they are for, below 400 lines, without a path of a machine", () => {
    const machine = ["", "work", ""].join("/");
    expect(
      sources
        .filter(({ text }) => !text.startsWith("// ") || text.split("\n").length > 400 || text.includes(machine))
        .map(({ path }) => path),
    ).toEqual([]);
  });

  it("puts no text into the document as HTML", () => {
    expect(
      sources.filter(({ text }) => /dangerouslySetInnerHTML|\.innerHTML\b|insertAdjacentHTML/.test(text)).map(({ path }) => path),
    ).toEqual([]);
  });
});

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, "")).replaceAll(/\/\/.*$/gm, "");
}
