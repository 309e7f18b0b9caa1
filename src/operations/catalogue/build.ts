// `docs build`: the catalogue of a project as a folder that works from the file system. Every file is a script that hands over its data, because a
// page that was opened as a file may load scripts and nothing else. The folder is made beside its place and swapped in when it is whole.
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { CatalogueAnswer } from "../../model/catalogue-answers.ts";
import { MillraceError } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import { countQuarantine } from "../../load/quarantine.ts";
import { asWriteError, pathBeside } from "../../platform/files.ts";
import { readAssets } from "../../views/assets.ts";
import { assetsState } from "../assets/assets.ts";
import type { Workspace } from "../workspace.ts";
import { type Content, contentOf } from "./content.ts";
import { knownOf } from "./known.ts";

export const CATALOGUE_FOLDER = ".millrace/docs";
/** What the folder of a catalogue has, so that no other folder is ever replaced. */
const MARK = "catalogue.json";
const PAGE_FILES = ["catalogue-page.js", "catalogue-page.css"] as const;

export interface DocsRequest {
  /** Relative to the project; default: CATALOGUE_FOLDER. */
  readonly out?: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** @throws all errors of the project in one; MR9010 when something else stands there, MR9011, MR3140, MR3141. */
export async function buildDocs(workspace: Workspace, { out = CATALOGUE_FOLDER, now }: DocsRequest): Promise<CatalogueAnswer> {
  const dir = resolve(workspace.dir, out);
  await refuseOthers(dir);
  const content = await readContent(workspace, now);
  const beside = pathBeside(dir);
  try {
    const written = await writeCatalogue(beside, content);
    const old = `${beside}.old`;
    if (existsSync(dir)) await rename(dir, old);
    await rename(beside, dir);
    await rm(old, { recursive: true, force: true });
    const columns = content.columns.reduce((sum, list) => sum + list.length, 0);
    return { dir, assets: content.assets.length, columns, ...written, page: join(dir, "index.html") };
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw asWriteError(error, dir);
  }
}

async function refuseOthers(dir: string): Promise<void> {
  if (!existsSync(dir) || existsSync(join(dir, MARK))) return;
  const isEmpty = (await stat(dir)).isDirectory() && (await readdir(dir)).length === 0;
  if (!isEmpty)
    throw new MillraceError({ code: "MR9010", message: `${dir} is there, and it is no catalogue`, hint: "--out with another folder" });
}

async function readContent(workspace: Workspace, now: number): Promise<Content> {
  const project = await workspace.project();
  const { statuses, planned, live } = await assetsState(workspace, { lineage: "columns" });
  const [known, warehouse, store] = [knownOf(planned.definitions, live), await workspace.warehouse(), await workspace.store()];
  const [counted, schemas] = await warehouse.session(async (session) => [
    await countQuarantine(session),
    await session.rows<{ asset: string; columns: string }>(
      "select asset, arg_max(columns, number)::varchar as columns from _millrace.schemas group by asset",
    ),
  ]);
  const aside = new Map<NodeId, number>();
  for (const { asset, rows } of counted) aside.set(asset, (aside.get(asset) ?? 0) + rows);
  return contentOf({
    project,
    known,
    statuses,
    rows: await readAssets(store),
    aside,
    origins: new Map(schemas.map(({ asset, columns }) => [asset, originsOf(columns)])),
    builtAt: new Date(now).toISOString(),
    environment: (await workspace.environment()).name,
    redact: (text) => workspace.redact(text),
  });
}

function originsOf(columns: string): ReadonlyMap<string, string> {
  const list = JSON.parse(columns) as readonly { readonly name: string; readonly from?: string | null }[];
  return new Map(list.flatMap(({ name, from }) => (from === null || from === undefined ? [] : [[name, from] as const])));
}

async function writeCatalogue(dir: string, content: Content): Promise<{ readonly files: number; readonly bytes: number }> {
  await mkdir(join(dir, "data/assets"), { recursive: true });
  const { index, columns, assets } = content;
  const texts: readonly (readonly [path: string, text: string])[] = [
    ["index.html", htmlOf(index.project)],
    [MARK, `${JSON.stringify({ v: 1, project: index.project, builtAt: index.builtAt, assets: index.assets.map(({ id }) => id) })}\n`],
    ["data/index.js", scriptOf("index", index)],
    ["data/columns.js", scriptOf("columns", columns)],
    ...assets.map((asset, place) => [`data/assets/${place}.js`, scriptOf(`assets/${place}`, asset)] as const),
  ];
  let bytes = 0;
  for (const [path, text] of texts) {
    await writeFile(join(dir, path), text);
    bytes += Buffer.byteLength(text);
  }
  for (const name of PAGE_FILES) {
    const from = pageFile(name);
    await copyFile(from, join(dir, name));
    bytes += (await stat(from)).size;
  }
  return { files: texts.length + PAGE_FILES.length, bytes };
}

/** Beside the built code; for code that runs as it was written, where the last build put it. */
function pageFile(name: string): string {
  const places = [`./${name}`, `../../../dist/bundle/${name}`].map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new MillraceError({ code: "MR9011", message: `${places[0]} is missing` });
  return found;
}

/** Keys of the data are ours, so that no name becomes a key of a literal. */
function scriptOf(name: string, data: object): string {
  return `millraceData(${JSON.stringify(name)},${JSON.stringify(data)});\n`;
}

/** Nothing is loaded from anywhere else, whatever stands in the data. */
function htmlOf(project: string): string {
  const title = project.replaceAll(/[&<>"]/g, (sign) => `&#${sign.codePointAt(0)};`);
  const policy = "default-src 'none'; script-src 'self' file:; style-src 'self' file:; img-src data:; base-uri 'none'; form-action 'none'";
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${policy}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${title}</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="catalogue-page.css" />
  </head>
  <body>
    <noscript>This catalogue needs JavaScript. It loads nothing from outside of its folder.</noscript>
    <div id="app"></div>
    <script src="catalogue-page.js"></script>
    <script src="data/index.js"></script>
  </body>
</html>
`;
}
