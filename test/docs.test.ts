// What the documents show is true: the README's project runs as it is printed, its links lead somewhere, its commands exist.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { commands } from "../src/cli/commands/index.ts";
import { referencePage } from "../scripts/reference.ts";
import { followGuide, guideOf, SALES } from "./guides.ts";
import { project, repository, rows } from "./millrace.ts";
import { millrace } from "./warm.ts";

const readme = readFileSync(join(repository, "README.md"), "utf8");
const documents = [
  ...readdirSync(repository),
  ...readdirSync(join(repository, "docs"), { recursive: true }).map((name) => join("docs", String(name))),
].filter((name) => name.endsWith(".md"));

describe("the README's project", () => {
  const files = Object.fromEntries(
    [...readme.matchAll(/^`([\w./]+)`[^\n]*\n```\w+\n([\s\S]*?)```/gm)].map((match) => [match[1]!, match[2]!]),
  );
  const shop = project({ ...files, ...SALES });
  afterAll(() => shop.remove());

  it("runs as it is printed", async () => {
    expect(Object.keys(files)).toEqual(["millrace.yaml", "sources/sales.yaml", "models/clean/sales.sql", "jobs/nightly.yaml"]);
    const run = await millrace(["run", "--json"], shop.dir);
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(await rows(shop.dir, "from clean.sales")).toEqual([[1, "10.50", "2026-01-02"]]);
    const { items } = (await millrace(["quarantine", "list", "--json"], shop.dir)).lines()[0]!;
    expect(items.map((item: any) => item.asset).toSorted()).toEqual(["clean.sales", "raw.sales"]);
  });
});

it("the README's commands do what they say", async () => {
  const { files, lines } = guideOf(join(repository, "README.md"));
  expect(await followGuide({ files: { ...SALES, ...files }, lines: lines.filter((line) => line.startsWith("npx millrace")) })).toEqual([]);
});

describe("the guides", { timeout: 180_000 }, () => {
  const guides = documents.filter((name) => /^docs\/\w+\.md$/.test(name) && guideOf(join(repository, name)).lines.length > 0);

  it.each(guides)("%s is true: its files and commands do what it says", async (name) => {
    expect(await followGuide(guideOf(join(repository, name)))).toEqual([]);
  });
});

describe("the documents", () => {
  it.each(documents)("%s links only to what is there", (name) => {
    const text = readFileSync(join(repository, name), "utf8");
    const broken = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
      .map((match) => match[1]!)
      .filter((target) => !existsSync(join(repository, dirname(name), target)));
    expect(broken).toEqual([]);
  });

  it("hold a reference that is current: `npm run reference` writes it anew", async () => {
    expect(readFileSync(join(repository, "docs/reference.md"), "utf8")).toBe(await referencePage());
  });

  it("name only commands that exist", () => {
    const known = new Set(commands.map((command) => command.name.split(" ")[0]));
    const named = documents.flatMap((name) =>
      [...readFileSync(join(repository, name), "utf8").matchAll(/(?:^|`|npx )millrace ([a-z]+)/gm)].map((match) => match[1]!),
    );
    expect(named.filter((word) => !known.has(word))).toEqual([]);
  });

  it("say in the README the two commands that do everything", () => {
    expect(readme).toContain("npm ci && npm run demo");
    expect(readme).toContain("npm ci && npm test");
  });
});
