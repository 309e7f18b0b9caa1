// All error codes in one table. Each area owns a range: project 10xx-19xx, sql 20xx-29xx, files 30xx-34xx, http 35xx-39xx,
// load 40xx-44xx, checks 45xx-49xx, warehouse 50xx-59xx, run 60xx-69xx, cli 70xx-79xx, operations 80xx, acts 83xx, serve 81xx, partitions 82xx, bugs 90xx.
import { accessCodes } from "./access.ts";
import { actsCodes } from "./acts.ts";
import { catalogueCodes } from "./catalogue.ts";
import { checksCodes } from "./checks.ts";
import { cliCodes } from "./cli.ts";
import { consoleCodes } from "./console.ts";
import { databasesCodes } from "./databases.ts";
import { defineCodes } from "./define.ts";
import { componentsCodes } from "./components.ts";
import { emailCodes } from "./email.ts";
import { enginesCodes } from "./engines.ts";
import type { CodeEntry } from "./entry.ts";
import { environmentsCodes } from "./environments.ts";
import { filesCodes } from "./files.ts";
import { formatsCodes } from "./formats.ts";
import { httpCodes } from "./http.ts";
import { keptCodes } from "./kept.ts";
import { loadCodes } from "./load.ts";
import { lookCodes } from "./look.ts";
import { movingCodes } from "./moving.ts";
import { operationsCodes } from "./operations.ts";
import { partitionsCodes } from "./partitions.ts";
import { planCodes } from "./plan.ts";
import { postgresCodes } from "./postgres.ts";
import { projectCodes } from "./project.ts";
import { rawCodes } from "./raw.ts";
import { runCodes } from "./run.ts";
import { serveCodes } from "./serve.ts";
import { singerCodes } from "./singer.ts";
import { schemasCodes } from "./schemas.ts";
import { sqlCodes } from "./sql.ts";
import { enrichCodes } from "./enrich.ts";
import { addCodes } from "./add.ts";
import { agentCodes } from "./agents.ts";
import { quarantineCodes } from "./quarantine.ts";
import { storesCodes } from "./stores.ts";
import { tasksCodes } from "./tasks.ts";
import { testsCodes } from "./tests.ts";
import { triggersCodes } from "./triggers.ts";
import { warehouseCodes } from "./warehouse.ts";

export const codes = {
  ...projectCodes,
  ...componentsCodes,
  ...triggersCodes,
  ...defineCodes,
  ...databasesCodes,
  ...sqlCodes,
  ...filesCodes,
  ...formatsCodes,
  ...storesCodes,
  ...httpCodes,
  ...singerCodes,
  ...emailCodes,
  ...loadCodes,
  ...rawCodes,
  ...checksCodes,
  ...keptCodes,
  ...enginesCodes,
  ...warehouseCodes,
  ...runCodes,
  ...cliCodes,
  ...catalogueCodes,
  ...operationsCodes,
  ...environmentsCodes,
  ...actsCodes,
  ...quarantineCodes,
  ...addCodes,
  ...enrichCodes,
  ...schemasCodes,
  ...tasksCodes,
  ...serveCodes,
  ...agentCodes,
  ...lookCodes,
  ...accessCodes,
  ...consoleCodes,
  ...partitionsCodes,
  ...planCodes,
  ...postgresCodes,
  ...testsCodes,
  ...movingCodes,
  MR9001: {
    title: "An unexpected error",
    why: "Something was thrown that Millrace does not know: a bug of Millrace or of code in pipelines/.",
    fix: "Look at the cause and the log of the run; report it with `millrace doctor --json` if it is not your code.",
  },
} as const satisfies Record<string, CodeEntry>;
