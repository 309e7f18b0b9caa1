// How all assets stand as pages ask for it: what is kept and laid over says what a plan made anew says; where it cannot, it says that.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openProject, type OpenProject } from "../../app.ts";
import type { AssetGraphAnswer } from "../../model/graph-answers.ts";
import type { AssetRow } from "../../views/assets.ts";
import { testProjects } from "../projects.suite.ts";
import { forgetBoards } from "./board.ts";
import { staleBy } from "./happened.ts";

const { project, write } = testProjects("board", "name: shop\n");
const QUIET = (): void => {};

const FILES = {
  "data/sales.csv": "id,area,price\n1,north,10\n2,south,20\n",
  "sources/sales.yaml": 'owner: "@ana"\nfrom: { files: { path: data/sales.csv } }\n',
  "functions/net.sql": "create macro net(price) as price / 1.19;\n",
  "models/clean/Sales.sql": "/*---\nmaterialize: table\nchecks: [ { unique: [id] } ]\n---*/\nselect id, area, price from RAW.sales\n",
  "models/final/areas.sql": "with s as (select * from clean.Sales) select area, sum(price) as total from s group by area\n",
  "models/final/twice.sql": "/*---\nmaterialize: view\ntags: [fin]\n---*/\nselect area, total * 2 as twice from final.areas\n",
  "checks/areas_add_up.sql":
    "/*---\non: final.areas\n---*/\nselect * from final.areas where total < (select min(price) from clean.sales)\n",
  "exports/areas.yaml": "sql: select area from final.twice\nto: { files: { path: out/areas.csv } }\n",
};
const shown = ({ nodes }: AssetGraphAnswer): unknown => nodes.map(({ asset, status }) => [asset, status]);
const placed = ({ nodes }: AssetGraphAnswer): unknown =>
  nodes.map(({ asset, kind, materialize, group, needs, owner, tags, description }) => [
    asset,
    kind,
    materialize,
    group,
    needs,
    owner,
    tags,
    description,
  ]);

describe("the board", () => {
  let dir: string;
  let shop: OpenProject;
  const graph = async (soon: boolean): Promise<AssetGraphAnswer> => (await shop.app(undefined)).assetGraph({ soon });
  /** `than`: it is another case. */
  const settled = async (than?: "planning"): Promise<AssetGraphAnswer> => {
    for (;;) {
      const answer = await graph(true);
      if (than === undefined ? answer.partial === undefined : answer.partial !== than) return answer;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  beforeEach(async () => {
    dir = project(FILES);
    shop = await openProject(dir);
  });
  afterEach(async () => {
    forgetBoards();
    await shop.close();
  });

  it("tells by names alone what feeds what as a plan does, and says null of what only a plan knows", async () => {
    const { nodesEarly } = await import("./early.ts");
    const { Workspace } = await import("../workspace.ts");
    const { loadParts } = await import("../../parts.ts");
    const whole = await graph(false);
    const refuse = (): never => {
      throw new Error("no user code is run");
    };
    const { signal } = new AbortController();
    const workspace = Workspace.open({ dir, env: undefined, parts: () => loadParts(refuse), signal });
    const nodes = await nodesEarly(workspace, []);
    await workspace.close();
    expect(placed({ nodes })).toEqual(placed(whole));
    expect(whole.nodes.map(({ needs }) => needs.map((need) => whole.nodes[need]!.asset))).toEqual([
      ["raw.sales"],
      ["clean.sales"],
      ["final.areas"],
      ["final.twice"],
      [],
    ]);
    expect(nodes[0]).toMatchObject({ asset: "clean.sales", status: "missing", checks: null, quarantined: null, columns: null, rows: null });
    expect(whole.nodes[0]).toMatchObject({ columns: 3, quarantined: 0, checks: { unknown: 1 } });
  });

  it("tells soon, once nothing is missing any more, what it tells when waited for", async () => {
    await (await shop.app(undefined)).run({}, QUIET);
    const soon = await settled();
    expect(soon).toEqual(await graph(false));
    forgetBoards();
    expect(shown(await graph(false))).toEqual(shown(soon));
    const status = await (await shop.app(undefined)).statusSoon();
    expect(status.partial).toBeUndefined();
    expect(status.assets).toEqual((await (await shop.app(undefined)).status()).assets);
  });

  it("marks what reads what was built since, as the next plan does", async () => {
    const app = await shop.app(undefined);
    await app.run({}, QUIET);
    expect(new Set((await settled()).nodes.map(({ status }) => status))).toEqual(new Set(["current"]));
    write(dir, { "data/sales.csv": "id,area,price\n1,north,10\n2,south,25\n3,west,5\n" });
    await (await shop.app(undefined)).run({ select: "raw.sales" }, QUIET);
    const told = await graph(true);
    forgetBoards();
    const planned = await graph(false);
    expect(shown(told)).toEqual(shown(planned));
    expect(shown(told)).toContainEqual(["clean.sales", "stale"]);
    expect(shown(told)).toContainEqual(["raw.sales", "current"]);
  });

  for (const [what, broken, said] of [
    ["cannot be read", { "sources/sales.yaml": "from: { fils: { path: data/sales.csv } }\n" }, /fils/],
    ["does not compile", { "models/final/areas.sql": "select aera, 1 as total from clean.Sales\n" }, /aera/],
  ] as const)
    it(`goes on with what was published while a file ${what}, and says so`, async () => {
      await (await shop.app(undefined)).run({}, QUIET);
      const before = await settled();
      write(dir, broken);
      await forgottenLook();
      await expect(graph(false)).rejects.toThrow(said);
      const after = await graph(true);
      expect(after.partial).toBe("broken");
      expect(shown(after)).toEqual(shown(before));
      const app = await shop.app(undefined);
      expect(await app.statusSoon()).toMatchObject({ partial: "broken", assets: { total: 5, current: 5 } });
      expect((await app.project()).errors.map(({ message }) => message).join()).toMatch(said);
      write(dir, Object.fromEntries(Object.keys(broken).map((path) => [path, FILES[path as keyof typeof FILES]])));
      await forgottenLook();
      expect(shown(await settled())).toEqual(shown(before));
      expect((await (await shop.app(undefined)).project()).errors).toEqual([]);
    });

  it("answers by names and runs where no plan was ever made, and tells of a project that could never be read its errors", async () => {
    await shop.close();
    const other = project({ "models/a.sql": "selec 1\n" });
    shop = await openProject(other);
    const answer = await settled("planning");
    expect(answer).toMatchObject({ partial: "broken", nodes: [{ asset: "main.a", status: "missing" }] });
    const never = project({ "sources/a.yaml": "from: 7\n" });
    await shop.close();
    shop = await openProject(never);
    await expect(graph(true)).rejects.toThrow(/from/);
    rmSync(join(never, "sources/a.yaml"));
  });
});

/** Requests of one moment share a look at the files. */
function forgottenLook(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 250));
}

it("marks as stale exactly what lies behind something that was built later, on any graph", () => {
  let state = 11;
  const pick = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let turn = 0; turn < 200; turn++) {
    const count = 2 + pick(9);
    const nodes = Array.from({ length: count }, (_, n) => ({
      asset: `a${n}`,
      kind: "model",
      needs: Array.from({ length: n }, (__, need) => need).filter(() => pick(3) === 0),
    })) as unknown as AssetGraphAnswer["nodes"];
    const rows = new Map<string, AssetRow>();
    for (const { asset } of nodes)
      if (pick(2) === 0) rows.set(asset, { at: `t${pick(5)}`, status: ["succeeded", "reused", "failed"][pick(3)]! } as AssetRow);
    // By paths, one after the other: from what was built, over nodes that were not settled at that time or later.
    const stale = new Set<string>();
    const walk = (place: number, at: string): void => {
      for (const [reader, { asset, needs }] of nodes.entries()) {
        if (!needs.includes(place)) continue;
        const row = rows.get(asset);
        const isSettled = row !== undefined && row.status !== "failed" && row.at >= at;
        if (isSettled) continue;
        stale.add(asset);
        walk(reader, at);
      }
    };
    for (const [place, { asset }] of nodes.entries()) if (rows.get(asset)?.status === "succeeded") walk(place, rows.get(asset)!.at);
    expect([...staleBy(nodes, rows)].toSorted(), `turn ${turn}`).toEqual([...stale].toSorted());
  }
});
