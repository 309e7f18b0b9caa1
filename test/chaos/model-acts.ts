// Acts on the project of model-world.ts that are killed, in the order in which they are carried out: what is prepared for each, and what a kill may leave.
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { millrace } from "../millrace.ts";
import type { Environment } from "./seen.ts";
import { inWarehouse } from "./warehouse.ts";
import type { World } from "./model-world.ts";

export interface Act {
  readonly name: string;
  /** `whole`: everything is as before or as after. `assets`: each asset is, and only those of `where`. `nothing`: readers see no difference. */
  readonly leaves: "whole" | "assets" | "nothing";
  /** Whose assets it makes. */
  readonly where: Environment;
  /** The definitions that hold while it is carried out. */
  readonly code: number;
  /** Brings the project to where the act begins, and answers the words of its command. */
  prepare(this: void, world: World): Promise<readonly string[]>;
  /** In each copy of it: a plan knows the files of sources by more than what is in them. */
  prepareCopy?(this: void, world: World): Promise<void>;
  /** What the command says when its work was done already. */
  readonly doneAlready?: string;
}

export const ACTS: readonly Act[] = [
  { name: "run", leaves: "assets", where: "prod", code: 0, prepare: delivered("run") },
  { name: "apply", leaves: "assets", where: "prod", code: 1, ...planned(), doneAlready: "MR8804" },
  { name: "first run of a branch", leaves: "assets", where: "dev", code: 2, prepare: async () => ["run", "--env", "dev"] },
  { name: "apply on a branch", leaves: "assets", where: "dev", code: 3, ...planned("dev"), doneAlready: "MR8804" },
  { name: "promote", leaves: "whole", where: "prod", code: 3, prepare: async () => ["env", "promote", "dev"], doneAlready: "MR8705" },
  { name: "rollback", leaves: "whole", where: "prod", code: 3, prepare: async () => ["env", "rollback"], doneAlready: "MR8706" },
  { name: "rollback of the rollback", leaves: "whole", where: "prod", code: 3, prepare: newestAct, doneAlready: "MR8706" },
  { name: "run after a promotion", leaves: "assets", where: "prod", code: 3, prepare: delivered("run") },
  { name: "run of a branch", leaves: "assets", where: "dev", code: 4, prepare: async () => ["run", "--env", "dev"] },
  { name: "drop", leaves: "whole", where: "dev", code: 4, prepare: async () => ["env", "drop", "dev"], doneAlready: "MR8702" },
  { name: "collect", leaves: "nothing", where: "prod", code: 3, prepare: aged("env", "collect") },
  { name: "retention", leaves: "nothing", where: "prod", code: 3, prepare: droppedAndAged("retention") },
];

function delivered(...words: readonly string[]): Act["prepare"] {
  return async (world) => {
    world.deliver();
    return words;
  };
}

/** A plan over a new delivery in prod, over other definitions on a branch. */
function planned(environment?: Environment): Pick<Act, "prepare" | "prepareCopy"> {
  const where = environment === undefined ? [] : ["--env", environment];
  const prepareCopy = (world: World): Promise<void> => ok(world, "plan", "--out", "plan.json", ...where);
  const prepare = async (world: World): Promise<readonly string[]> => {
    if (environment === undefined) world.deliver();
    await prepareCopy(world);
    return ["apply", "plan.json", ...where];
  };
  return { prepare, prepareCopy };
}

async function newestAct({ dir }: World): Promise<readonly string[]> {
  const rows = await inWarehouse(dir, (query) => query('select promotion from _millrace.promotions order by "at" desc limit 1'));
  return ["env", "rollback", String(rows[0]![0])];
}

/** What was put aside was so long ago. */
function aged(...words: readonly string[]): Act["prepare"] {
  return async ({ dir }) => {
    const instance = await DuckDBInstance.create(join(dir, ".millrace/warehouse.duckdb"));
    const connection = await instance.connect();
    await connection.run(`update _millrace.promotions set "at" = "at" - interval 30 days`);
    connection.closeSync();
    instance.closeSync();
    return words;
  };
}

function droppedAndAged(...words: readonly string[]): Act["prepare"] {
  return async (world) => {
    await ok(world, "env", "drop", "side");
    return aged(...words)(world);
  };
}

async function ok({ dir }: World, ...words: readonly string[]): Promise<void> {
  const { exitCode, stdout, stderr } = await millrace(words, dir);
  if (exitCode !== 0) throw new Error(`${words.join(" ")}: ${stdout}${stderr}`);
}
