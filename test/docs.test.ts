// What the documents show is true: the README's project runs as it is printed, its links lead somewhere, its commands exist.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { commands } from "../src/cli/commands/index.ts";
import { millrace, project, repository, rows } from "./millrace.ts";

const readme = readFileSync(join(repository, "README.md"), "utf8");
const documents = [
  ...readdirSync(repository),
  ...readdirSync(join(repository, "docs"), { recursive: true }).map((name) => join("docs", String(name))),
].filter((name) => name.endsWith(".md"));

describe("the README's project", () => {
  const files = Object.fromEntries(
    [...readme.matchAll(/^`([\w./]+)`[^\n]*\n```\w+\n([\s\S]*?)```/gm)].map((match) => [match[1]!, match[2]!]),
  );
  const shop = project({ ...files, "data/sales_1.csv": "id,price,sold_on\n1,$10.50,2026-01-02\n2,$0.20,2026-01-03\n3,n/k,2026-01-04\n" });
  afterAll(() => shop.remove());

  it("runs as it is printed", async () => {
    expect(Object.keys(files)).toEqual(["millrace.yaml", "sources/sales.yaml", "models/clean/sales.sql"]);
    const run = await millrace(["run", "--json"], shop.dir);
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(await rows(shop.dir, "from clean.sales")).toEqual([[1, "10.50", "2026-01-02"]]);
    const { items } = (await millrace(["quarantine", "list", "--json"], shop.dir)).lines()[0]!;
    expect(items.map((item: any) => item.asset).toSorted()).toEqual(["clean.sales", "raw.sales"]);
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
