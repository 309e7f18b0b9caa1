// Builds dist/ in a folder beside that takes dist's place when it is whole. Declarations come from tsc; the code is bundled, because reading
// hundreds of small files is most of the time that `millrace --help` takes.
//   B1. One instance of every module: the command line, `millrace`, `millrace/client` and `millrace/testing` are entries of one bundle and share its chunks.
//   B2. All chunks stand in dist/bundle/; dist/index.js and dist/cli/main.js only lead there.
//   B3. A module that is started as a thread, `new URL("./name.ts", import.meta.url)`, becomes an entry of its own beside the chunk that starts it.
//   B4. What runs in a browser is a script of its own beside the chunks: the page of the catalogue.
//   B5. The page of the server is dist/ui, and the JavaScript that its first route loads stays below its limit.
//   B6. What the API answers is described in bundle/answers.json, beside the code that serves it.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { answerSchemas } from "./answers.mjs";

const root = resolve(fileURLToPath(import.meta.url), "../..");
const next = join(root, `dist.${process.pid}`);
const bundle = join(next, "bundle");
/** Entries by their path in dist/. */
const entries = ["index", "testing", "client", "cli/main"].filter((name) => existsSync(join(root, `src/${name}.ts`)));
/** Native code, a loader that finds its own files, what is rarely needed and brings optional parts (pg), and the test runner of the user. DuckDB's native code: see `bindings`. */
const external = [/^node:/, "cpu-features", /sshcrypto\.node$/, "@photostructure/sqlite", "jiti", "pg", "vitest"];

function flat(name) {
  return name.replaceAll("/", "-");
}

/** B3. */
const threads = {
  name: "threads",
  transform(code, id) {
    if (!id.startsWith(join(root, "src/"))) return null;
    const changed = code.replaceAll(/new URL\("(\.[^"]+)\.ts", import\.meta\.url\)/g, (text, path) => {
      const module = resolve(dirname(id), `${path}.ts`);
      if (!existsSync(module)) return text; // a comment that says how it is written
      const name = flat(relative(join(root, "src"), module).replace(/\.ts$/, ""));
      this.emitFile({ type: "chunk", id: module, fileName: `${name}.js` });
      return `new URL("./${name}.ts", import.meta.url)`;
    });
    return changed === code ? null : { code: changed };
  },
};

/** DuckDB's native code is a dependency of node-api, not of ours: it is found from there, also where packages are not hoisted. */
const bindings = {
  name: "bindings",
  resolveId: (id) => (id === "@duckdb/node-bindings" ? "\0bindings" : null),
  load: (id) =>
    id === "\0bindings"
      ? `import { createRequire } from "node:module";
         export default createRequire(createRequire(import.meta.url).resolve("@duckdb/node-api"))("@duckdb/node-bindings");`
      : null,
};

/** The licences of the packages whose code is in the bundle. */
const licences = {
  name: "licences",
  generateBundle(_, files) {
    const folders = new Set();
    for (const file of Object.values(files))
      for (const id of file.moduleIds ?? []) {
        const match = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id);
        if (match !== null) folders.add(match[0]);
      }
    const texts = [...folders]
      .toSorted((a, b) => a.localeCompare(b))
      .map((folder) => {
        const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
        const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
        return `## ${name} ${version} (${license})\n\n${file === undefined ? "" : readFileSync(join(folder, file), "utf8").trim()}\n`;
      });
    this.emitFile({ type: "asset", fileName: "LICENSES.md", source: `# Packages in this bundle\n\n${texts.join("\n")}` });
  },
};

/** B4. */
async function pages() {
  const page = join(root, "src/operations/catalogue/page");
  if (!existsSync(page)) return;
  const build = await rolldown({ cwd: root, input: join(page, "main.ts"), platform: "browser", tsconfig: false });
  await build.write({
    file: join(bundle, "catalogue-page.js"),
    format: "iife",
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  await build.close();
  copyFileSync(join(page, "style.css"), join(bundle, "catalogue-page.css"));
}

/** B6. */
function answers() {
  writeFileSync(join(bundle, "answers.json"), JSON.stringify(answerSchemas()));
}

/** B5. */
const FIRST_ROUTE_LIMIT_BYTES = 150 * 1024;

async function page() {
  if (!existsSync(join(root, "ui/index.html"))) return;
  const { build } = await import("vite");
  const outDir = join(next, "ui");
  await build({ configFile: join(root, "ui/vite.config.ts"), logLevel: "warn", build: { outDir } });
  const manifest = JSON.parse(readFileSync(join(outDir, ".vite/manifest.json"), "utf8"));
  const first = new Set();
  const take = (key) => {
    if (first.has(key)) return;
    first.add(key);
    for (const each of manifest[key].imports ?? []) take(each);
  };
  take("index.html");
  take("src/pages/home/page.tsx");
  const bytes = [...first].reduce((sum, key) => sum + gzipSync(readFileSync(join(outDir, manifest[key].file))).length, 0);
  console.log(`page: JavaScript of the first route ${(bytes / 1024).toFixed(1)} KB gzip (limit ${FIRST_ROUTE_LIMIT_BYTES / 1024})`);
  if (bytes > FIRST_ROUTE_LIMIT_BYTES) throw new Error("the JavaScript of the page's first route is above its limit");
  renameSync(join(outDir, ".vite/license.md"), join(outDir, "LICENSES.md"));
  rmSync(join(outDir, ".vite"), { recursive: true });
}

function declarations() {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const args = ["-p", "tsconfig.build.json", "--emitDeclarationOnly", "--outDir", next];
  const { status } = spawnSync(process.execPath, [compiler, ...args], { cwd: root, stdio: "inherit" });
  if (status !== 0) throw new Error("tsc found errors");
}

async function code() {
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(entries.map((name) => [flat(name), join(root, `src/${name}.ts`)])),
    platform: "node",
    external,
    tsconfig: false,
    // CommonJS packages ask for their folder when they are loaded (ssh2); in a bundle there is none, and nothing is read from there.
    transform: { define: { __dirname: '"."', __filename: '"bundle.js"' } },
    plugins: [threads, bindings, licences],
    onLog(level, log, inform) {
      if (log.code === "UNRESOLVED_IMPORT") throw new Error(log.message); // else it is found missing when it runs
      if (log.code !== "INEFFECTIVE_DYNAMIC_IMPORT") inform(level, log);
    },
  });
  await build.write({
    dir: bundle,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  await build.close();
  for (const name of entries) {
    const path = join(next, `${name}.js`);
    mkdirSync(dirname(path), { recursive: true });
    const from = relative(dirname(path), join(bundle, `${flat(name)}.js`));
    const target = JSON.stringify(from.startsWith(".") ? from : `./${from}`);
    writeFileSync(path, name === "cli/main" ? commandLine(target) : `export * from ${target};\n`);
  }
  writeFileSync(join(next, "cli/package.json"), `{"type":"commonjs"}\n`);
  chmodSync(join(next, "cli/main.js"), 0o755);
}

/** Loading a module starts libuv's pool, so that what says its size must stand in a file that is none: src/cli/main.ts says why. */
function commandLine(target) {
  return `#!/usr/bin/env node\nprocess.env.UV_THREADPOOL_SIZE ??= "16";\nimport(${target});\n`;
}

try {
  declarations();
  await code();
  await pages();
  answers();
  await page();
  if (process.argv[2] === "--to") renameSync(next, resolve(process.argv[3]));
  else {
    rmSync(join(root, "dist"), { recursive: true, force: true });
    renameSync(next, join(root, "dist"));
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(next, { recursive: true, force: true });
}
