// The operations that are acts, as the audit log names them: what each is done to, and what tells of the state before and after. Checks, tests of models and
// queries change nothing and are none.
import type { RouteId } from "../../model/api-paths.ts";
import type { App } from "../port.ts";

export interface Act<Arguments extends readonly unknown[] = never, Answer = never> {
  /** Null: nothing is done, it only looks. */
  name(...given: Arguments): RouteId | null;
  subject(...given: Arguments): string | null;
  /** Asked before and after; without it, what the operation answers is what is after. */
  look?(app: App, ...given: Arguments): Promise<unknown>;
  /** Of the answer, what was before and is after. */
  states?(answer: Answer): { readonly before: unknown; readonly after: unknown };
  /** Whether its answer waits for a run: then the act is noted when the run is durable. */
  readonly long?: true;
}

type Method = { readonly [Name in keyof App]: App[Name] extends (...given: never) => Promise<unknown> ? Name : never }[keyof App];
type ActOf<Name extends Method> = Act<Parameters<App[Name]>, Awaited<ReturnType<App[Name]>>>;
type Acts = { readonly [Name in Method]?: ActOf<Name> };

const names = (list: readonly string[]): string => list.join(" ");
const backfillNow = async (app: App, { backfill }: { readonly backfill: string }): Promise<unknown> => {
  const { status, jobs, paused } = (await app.backfillShow(backfill)).backfill;
  return { status, jobs, paused };
};
const pausesNow = async (app: App, { job }: { readonly job: string }): Promise<unknown> =>
  Object.fromEntries((await app.triggers({ job, next: 1 })).triggers.map(({ trigger, paused }) => [trigger, paused]));
const versions = (assets: readonly { readonly asset: string; readonly from: string | null; readonly to: string | null }[]) => ({
  before: Object.fromEntries(assets.map(({ asset, from }) => [asset, from])),
  after: Object.fromEntries(assets.map(({ asset, to }) => [asset, to])),
});

export const acts: Acts = {
  run: {
    name: () => "runs.start",
    subject: ({ job, select, fromFailure, restate }) => job ?? fromFailure ?? restate?.asset ?? select ?? null,
    long: true,
  },
  retry: { name: () => "runs.retry", subject: ({ run }) => run, long: true },
  fork: { name: () => "runs.fork", subject: ({ run }) => run, long: true },
  cancel: {
    name: ({ run }) => (run === undefined ? "runs.cancelMany" : "runs.cancel"),
    subject: ({ run, job, where }) => run ?? job ?? where ?? null,
    look: async (app, { run }) => (run === undefined ? null : { status: (await app.runShow(run)).run["status"] }),
  },
  apply: { name: () => "plan.apply", subject: () => null, long: true },
  deploy: {
    name: () => "environments.deploy",
    subject: () => null,
    states: ({ environment, commit, status }) => ({ before: null, after: { environment, commit, status } }),
  },
  approve: { name: () => "approvals.decide", subject: ({ run, task }) => `${run} ${task}` },
  reviewDecide: { name: () => "reviews.decide", subject: ({ asset }) => asset },
  quarantineDecide: { name: ({ dryRun }) => (dryRun ? null : "quarantine.decide"), subject: ({ named }) => names(named), long: true },
  quarantineDiscard: { name: () => "quarantine.discard", subject: ({ named }) => names(named) },
  rollback: {
    name: ({ dryRun }) => (dryRun ? null : "assets.rollback"),
    subject: ({ asset }) => asset,
    states: ({ from, to, loadsUndone, stale }) => ({ before: { version: from }, after: { version: to, loadsUndone, stale } }),
  },
  rollbackRelease: { name: () => "assets.release", subject: (asset) => asset },
  replay: { name: () => "assets.replay", subject: ({ asset }) => asset, long: true },
  backfill: { name: ({ dryRun }) => (dryRun ? null : "backfills.start"), subject: ({ asset }) => asset, long: true },
  backfillAct: { name: ({ act }) => `backfills.${act}` as const, subject: ({ backfill }) => backfill, look: backfillNow },
  backfillResume: { name: () => "backfills.resume", subject: ({ backfill }) => backfill, long: true },
  backfillRetry: { name: () => "backfills.retry", subject: ({ backfill }) => backfill, long: true },
  pauseTriggers: { name: () => "triggers.pause", subject: triggerNamed, look: pausesNow },
  resetTrigger: {
    name: () => "triggers.reset",
    subject: triggerNamed,
    look: async (app, { job, trigger }) =>
      (await app.triggers({ job, next: 1 })).triggers.find((each) => each.trigger === trigger)?.cursor ?? null,
  },
  resumeTriggers: { name: () => "triggers.resume", subject: triggerNamed, look: pausesNow },
  envCreate: { name: () => "environments.create", subject: (name) => name, states: () => ({ before: null, after: null }) },
  envPromote: {
    name: ({ dryRun }) => (dryRun ? null : "environments.promote"),
    subject: ({ environment }) => environment,
    states: ({ assets }) => versions(assets),
  },
  envRollback: { name: () => "environments.rollback", subject: ({ of }) => of ?? null, states: ({ assets }) => versions(assets) },
  envDrop: { name: () => "environments.drop", subject: (name) => name, states: ({ assets }) => ({ before: { assets }, after: null }) },
  envCollect: { name: ({ dryRun }) => (dryRun ? null : "environments.collect"), subject: () => null },
  retention: { name: ({ dryRun }) => (dryRun ? null : "retention.prune"), subject: () => null },
  add: {
    name: ({ dryRun, list }) => (dryRun || list ? null : "sources.add"),
    subject: ({ connector, name }) => name ?? connector,
    states: () => ({ before: null, after: null }),
  },
  connectionTest: { name: () => "connections.test", subject: (connection) => connection, states: () => ({ before: null, after: null }) },
  recordTest: { name: () => "tests.record", subject: ({ model }) => model },
  docsBuild: { name: () => "docs.build", subject: () => null, states: ({ page }) => ({ before: null, after: { page } }) },
  contractImport: { name: () => "contracts.import", subject: ({ file }) => file },
  tokenCreate: {
    name: () => "tokens.create",
    subject: ({ name }) => name,
    states: ({ id, scope, expiresAt }) => ({ before: null, after: { id, scope, expiresAt } }),
  },
  tokenRevoke: {
    name: () => "tokens.revoke",
    subject: (token) => token,
    states: ({ id, name, status }) => ({ before: { id, name }, after: { status } }),
  },
};

function triggerNamed({ job, trigger }: { readonly job: string; readonly trigger?: string }): string {
  return trigger === undefined ? job : `${job}/${trigger}`;
}
