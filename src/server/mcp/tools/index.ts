// The tools, in the order in which an agent needs them.
import type { Tool } from "../tool.ts";
import { describe } from "./describe.ts";
import { diagnose } from "./diagnose.ts";
import { lineage } from "./lineage.ts";
import { logs } from "./logs.ts";
import { overview } from "./overview.ts";
import { plan } from "./plan.ts";
import { preview, query } from "./query.ts";
import { resolve } from "./resolve.ts";
import { backfill, run } from "./run.ts";
import { search } from "./search.ts";

export const tools: readonly Tool[] = [overview, search, describe, lineage, query, preview, plan, run, backfill, diagnose, logs, resolve];
