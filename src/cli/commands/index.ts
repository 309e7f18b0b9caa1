// The commands, in the order in which the help lists them.
import type { Command } from "../command.ts";
import { cancel, fork, replay, retry } from "./acts.ts";
import { add } from "./add.ts";
import { apply } from "./apply.ts";
import { approve } from "./approve.ts";
import { describe, history, ls } from "./assets.ts";
import {
  backfill,
  backfillCancel,
  backfillJobs,
  backfillList,
  backfillPause,
  backfillResume,
  backfillRetry,
  backfillShow,
} from "./backfill.ts";
import { audit } from "./audit.ts";
import { check } from "./check.ts";
import { confirm } from "./confirm.ts";
import { contractCheck, contractExport, contractImport } from "./contract.ts";
import { dev } from "./dev.ts";
import { docsBuild } from "./docs.ts";
import { deploy } from "./deploy.ts";
import { diff } from "./diff.ts";
import { convert, inspect } from "./files.ts";
import { envCollect, envCreate, envDiff, envDrop, envList, envPromote, envRollback } from "./env.ts";
import { completion, doctor, explain, init, schema } from "./help.ts";
import { lineage } from "./lineage.ts";
import { logs } from "./logs.ts";
import { mcp } from "./mcp.ts";
import { plan } from "./plan.ts";
import { quarantineAccept, quarantineDiscard, quarantineFix, quarantineReplay } from "./quarantine-decide.ts";
import { quarantineExport, quarantineList, quarantineShow, quarantineTrend } from "./quarantine.ts";
import { query } from "./query.ts";
import { retention } from "./retention.ts";
import { reviewDistinct, reviewList, reviewMatch } from "./review.ts";
import { rollback } from "./rollback.ts";
import { run } from "./run.ts";
import { runs, runShow, status } from "./runs.ts";
import { serve } from "./serve.ts";
import { test } from "./test.ts";
import { tokenCreate, tokenLink, tokenList, tokenRevoke } from "./token.ts";
import { triggers, triggersPause, triggersResume, triggersShow } from "./triggers.ts";
import { types } from "./types.ts";
import { why } from "./why.ts";

export const commands: readonly Command[] = [
  init,
  add,
  run,
  runShow,
  dev,
  serve,
  plan,
  apply,
  deploy,
  diff,
  approve,
  mcp,
  confirm,
  query,
  check,
  test,
  quarantineList,
  quarantineShow,
  quarantineFix,
  quarantineAccept,
  quarantineDiscard,
  quarantineReplay,
  quarantineExport,
  quarantineTrend,
  reviewList,
  reviewMatch,
  reviewDistinct,
  ls,
  describe,
  status,
  history,
  rollback,
  envList,
  envCreate,
  envDiff,
  envPromote,
  envRollback,
  envDrop,
  envCollect,
  replay,
  backfill,
  backfillList,
  backfillShow,
  backfillPause,
  backfillResume,
  backfillCancel,
  backfillRetry,
  backfillJobs,
  retry,
  fork,
  cancel,
  why,
  triggers,
  triggersShow,
  triggersPause,
  triggersResume,
  tokenCreate,
  tokenList,
  tokenRevoke,
  tokenLink,
  audit,
  runs,
  logs,
  lineage,
  types,
  docsBuild,
  contractExport,
  contractImport,
  contractCheck,
  inspect,
  convert,
  retention,
  doctor,
  explain,
  schema,
  completion,
];
