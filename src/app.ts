// The composition root: it alone, with parts.ts, names concrete parts. What commands, the API and the client call.
import type { DoctorAnswer } from "./model/answers.ts";
import { audited } from "./operations/access/audited.ts";
import type { Workspace } from "./operations/workspace.ts";
import type { ServeParts } from "./operations/serve/parts.ts";
import type { OpenOptions, App, Tools } from "./operations/port.ts";
import { type EngineFile, runningEngine } from "./operations/serve/engine-file.ts";
import { isolatorOf, loadParts } from "./parts.ts";
import { findProject } from "./project/find.ts";
import type { SchemaParts } from "./project/json-schema.ts";

export type { OpenOptions, RunRequest, App, Tools } from "./operations/port.ts";

export { ownAccess } from "./operations/access/own.ts";

/** The engine of the project in `dir` or above it that runs now, on this machine. @throws MR1002 where there is no project */
export function findEngine(dir: string): EngineFile | undefined {
  return runningEngine(findProject(dir));
}

const serveParts: ServeParts = {
  messages: {},
  calls: (workspaceOf) => ({
    call: async (method, values, environment) => {
      const { callOwn } = await import("./operations/serve/engine-calls.ts");
      return callOwn(
        operationsOn(await workspaceOf(environment), async () => {}),
        method,
        values,
      );
    },
  }),
  api: (workspaceOf) => ({
    app: async (environment) => operationsOn(await workspaceOf(environment), async () => {}),
  }),
  listen: async (request) => (await import("./server/server.ts")).startServer(request),
  http: async (context) => (await import("./connectors/http/client.ts")).httpClient(context),
  httpStatus: async (thrown) => (await import("./connectors/http/wire/status.ts")).statusOf(thrown),
};

/** Checks of a state that is no file of ours; none where there is no project or its settings cannot be read, which others tell. */
async function stateChecks(dir: string): Promise<DoctorAnswer["checks"]> {
  const { Workspace } = await import("./operations/workspace.ts");
  try {
    const { signal } = new AbortController();
    return await Workspace.open({ dir, env: undefined, parts: () => loadParts(isolatorOf(() => []).open), signal }).stateDoctor();
  } catch {
    return [];
  }
}

/** Connectors and checks that the project in the folder or above it makes itself; none where there is none that can be read. */
async function ownSchemaParts(dir: string): Promise<SchemaParts> {
  const { Workspace } = await import("./operations/workspace.ts");
  try {
    const { signal } = new AbortController();
    const workspace = Workspace.open({ dir, env: undefined, parts: () => loadParts(isolatorOf(() => []).open), signal });
    return (await workspace.projectWithErrors()).own as SchemaParts;
  } catch {
    return { connectors: {}, checks: {} };
  }
}

/** The project in `options.dir` or above it. Nothing is opened before it is needed. */
export async function openApp(options: OpenOptions): Promise<App> {
  const { Workspace } = await import("./operations/workspace.ts");
  const isolator = isolatorOf(() => workspace.secretNames());
  const workspace = Workspace.open({
    dir: options.dir ?? process.cwd(),
    env: options.env,
    parts: () => loadParts(isolator.open),
    signal: options.signal ?? new AbortController().signal,
  });
  const { throughEngine } = await import("./operations/serve/engine-calls.ts");
  return throughEngine(
    workspace,
    operationsOn(workspace, () => isolator.close()),
  );
}

export interface OpenProject {
  /** The operations on the files as they are now; `environment`: another than that of the folder. */
  app(environment: string | undefined): Promise<App>;
  close(): Promise<void>;
}

/** The project in `dir` or above it, for requests that come one after another. Nothing is opened before it is needed. @throws MR1002 */
export async function openProject(dir: string): Promise<OpenProject> {
  const { Workspace } = await import("./operations/workspace.ts");
  const { throughEngine } = await import("./operations/serve/engine-calls.ts");
  const isolator = isolatorOf(() => workspace.secretNames());
  const workspace = Workspace.open({ dir, env: undefined, parts: () => loadParts(isolator.open), signal: new AbortController().signal });
  return {
    app: async (environment) => {
      const renewed = workspace.renewed(environment);
      return throughEngine(
        renewed,
        operationsOn(renewed, async () => {}),
      );
    },
    close: async () => {
      await isolator.close();
      await workspace.close();
    },
  };
}

function operationsOn(workspace: Workspace, closeParts: () => Promise<void>): App {
  return audited(workspace, plainOperations(workspace, closeParts));
}

function plainOperations(workspace: Workspace, closeParts: () => Promise<void>): App {
  return {
    dir: workspace.dir,
    environmentWord: async () => (await import("./operations/known-environment.ts")).environmentWord(workspace),
    run: async (request, observe) => {
      const { runningEngine } = await import("./operations/serve/engine-file.ts");
      const { job, params = {}, select, fromFailure, fullRefresh } = request;
      if (
        job !== undefined &&
        select === undefined &&
        fromFailure === undefined &&
        request.partition === undefined &&
        request.restate === undefined &&
        request.forwardOnly !== true &&
        fullRefresh !== true &&
        runningEngine(workspace.dir)?.environment === (await workspace.environment()).name
      )
        return (await import("./operations/runs/submit.ts")).submitAndFollow(workspace, { job, params, by: "millrace run" }, observe);
      const [{ runOperation }] = await Promise.all([import("./operations/runs/run.ts"), workspace.projectWithWarehouse()]);
      return runOperation(workspace, request, observe);
    },
    serve: async (request, observe) => (await import("./operations/serve.ts")).serveOperation(workspace, request, serveParts, observe),
    dev: async (request, observe) => (await import("./operations/dev/dev.ts")).devOperation(workspace, request, serveParts, observe),
    parameters: async (name) => (await import("./operations/jobs/parameters.ts")).jobParameters(workspace, name),
    plan: async (request) => {
      const [{ answerPlan }] = await Promise.all([import("./operations/plan/answer.ts"), workspace.projectWithWarehouse()]);
      return answerPlan(workspace, request);
    },
    planFile: async (request) => (await import("./operations/plan/plan-file.ts")).keepPlan(workspace, request),
    apply: async (request, observe) => (await import("./operations/plan/apply.ts")).applyPlan(workspace, request, observe),
    diff: async (request) => (await import("./operations/diff/diff.ts")).diffAsset(workspace, request),
    deploy: async (request, observe) => (await import("./operations/deploy/deploy.ts")).deploy(workspace, request, observe),
    query: async (sql, take) => {
      const [{ runQuery }, { warehouseToRead }] = await Promise.all([
        import("./operations/assets/query.ts"),
        import("./operations/functions/install.ts"),
      ]);
      const warehouse = await warehouseToRead(workspace);
      return runQuery(warehouse, sql, take);
    },
    queryToParquet: async (sql, path) => {
      const warehouse = await (await import("./operations/functions/install.ts")).warehouseToRead(workspace);
      return (await import("./operations/assets/query.ts")).queryToParquet(warehouse, sql, path);
    },
    queryRun: async (request) => (await import("./operations/query/console.ts")).runConsoleQuery(workspace, request),
    queryCancel: async (request) => (await import("./operations/query/console.ts")).cancelConsoleQuery(request),
    queryExport: async (request) => (await import("./operations/query/export.ts")).exportQuery(workspace, request),
    queryFile: async (exported) => (await import("./operations/query/export.ts")).queryFile(exported),
    queryCompletions: async () => (await import("./operations/query/completions.ts")).completionsOf(workspace),
    queryPersonal: async (request) => (await import("./operations/query/personal.ts")).personalColumns(workspace, request),
    connections: async () => (await import("./operations/connections/connections.ts")).listConnections(workspace),
    connectionTest: async (name) => (await import("./operations/connections/connections.ts")).testConnection(workspace, name),
    project: async () => (await import("./operations/project/project.ts")).showProject(workspace),
    recordTest: async (request) => (await import("./operations/tests/record.ts")).recordTest(workspace, request),
    test: async (request, observe) => (await import("./operations/tests/tests.ts")).testModels(workspace, request, observe),
    check: async (request) => (await import("./operations/assets/history.ts")).checkAssets(workspace, request),
    quarantineList: async (request) => (await import("./operations/quarantine/list.ts")).quarantineList(workspace, request),
    quarantineShow: async (id) => (await import("./operations/quarantine/list.ts")).quarantineShow(workspace, id),
    quarantineDecide: async (request, observe, tell) =>
      (await import("./operations/quarantine/decide.ts")).decideRecords(workspace, request, observe, tell),
    quarantineDiscard: async (request) => (await import("./operations/quarantine/decide.ts")).discardRecords(workspace, request),
    quarantineRecords: async (request) => (await import("./operations/quarantine/records.ts")).quarantineRecords(workspace, request),
    partitionShow: async (request) => (await import("./operations/partitions/show.ts")).showPartition(workspace, request),
    quality: async () => (await import("./operations/quality/quality.ts")).qualityOf(workspace, { now: Date.now() }),
    jobs: async () => (await import("./operations/jobs/list.ts")).listJobs(workspace, { now: Date.now() }),
    quarantineFile: async (request) => (await import("./operations/quarantine/exchange.ts")).exportToFetch(workspace, request),
    quarantineExport: async (request) => (await import("./operations/quarantine/exchange.ts")).exportRecords(workspace, request),
    quarantineTrend: async (request) => (await import("./operations/quarantine/list.ts")).trendOfQuarantine(workspace, request),
    reviewList: async (request) => (await import("./operations/review/review.ts")).reviewList(workspace, request),
    reviewDecide: async (request) => (await import("./operations/review/review.ts")).reviewDecide(workspace, request),
    add: async (request) => (await import("./operations/add/add.ts")).addSources(workspace, request),
    addForm: async (connector) => (await import("./operations/add/add.ts")).addForm(workspace, connector),
    list: async (request) => (await import("./operations/assets/assets.ts")).listAssets(workspace, request),
    describe: async (asset, request) => (await import("./operations/assets/assets.ts")).describeAsset(workspace, asset, request),
    doctor: async () => (await openTools()).doctor(workspace.dir),
    jsonSchema: async (kind) => (await openTools()).jsonSchema(kind, workspace.dir),
    status: async () => (await import("./operations/status.ts")).statusOf(workspace),
    statusSoon: async () => (await import("./operations/live/board.ts")).statusSoon(workspace),
    assetGraph: async (wish) => (await import("./operations/live/board.ts")).boardOf(workspace, wish),
    assetSource: async (asset) => (await import("./operations/look/source.ts")).sourceOf(workspace, asset),
    assetRows: async (request) => (await import("./operations/look/rows.ts")).rowsOf(workspace, request),
    assetProfile: async (asset) => (await import("./operations/look/profile.ts")).profileOf(workspace, asset, Date.now),
    assetDrift: async (since) => (await import("./operations/look/drift.ts")).driftSince(workspace, since),
    checkList: async (request) => (await import("./operations/look/checks.ts")).listChecks(workspace, request),
    search: async (request) => (await import("./operations/look/search.ts")).search(workspace, request),
    contractExport: async (request) => (await import("./operations/assets/contract.ts")).exportContract(workspace, request),
    contractImport: async (request) => (await import("./operations/assets/contract.ts")).importContract(workspace.dir, request),
    contractCheck: async (request) => (await import("./operations/assets/contract.ts")).checkContract(workspace, request),
    history: async (asset, request) => (await import("./operations/assets/history.ts")).historyOf(workspace, asset, request),
    rollback: async (request) => (await import("./operations/assets/rollback.ts")).rollbackAsset(workspace, request),
    retry: async (request, observe) => (await import("./operations/runs/again.ts")).retryRun(workspace, request, observe),
    backfill: async (request, tellers) => (await import("./operations/backfill/backfill.ts")).backfill(workspace, request, tellers),
    backfillList: async (request) => (await import("./operations/backfill/acts.ts")).listBackfills(workspace, request),
    backfillShow: async (id) => (await import("./operations/backfill/acts.ts")).showBackfill(workspace, id),
    backfillAct: async (said) => (await import("./operations/backfill/acts.ts")).actOnBackfill(workspace, said),
    backfillResume: async (request, tellers) => (await import("./operations/backfill/acts.ts")).resumeBackfill(workspace, request, tellers),
    backfillRetry: async (request, tellers) => (await import("./operations/backfill/acts.ts")).retryBackfill(workspace, request, tellers),
    fork: async (request, observe, tell) => (await import("./operations/runs/again.ts")).forkRun(workspace, request, observe, tell),
    replay: async (request, observe, tell) =>
      (await import("./operations/assets/replay.ts")).replayAsset(workspace, request, observe, tell),
    cancel: async (request) => (await import("./operations/runs/cancel.ts")).cancelRuns(workspace, request),
    why: async (name) => (await import("./operations/why/why.ts")).whyOf(workspace, name),
    envList: async () => (await import("./operations/environments/environments.ts")).listEnvironments(workspace),
    envCreate: async (name) => (await import("./operations/environments/environments.ts")).createEnvironment(workspace, name),
    envDiff: async (name) => (await import("./operations/environments/environments.ts")).diffEnvironment(workspace, name),
    envPromote: async (request) => (await import("./operations/environments/promotion.ts")).promoteEnvironment(workspace, request),
    envRollback: async (request) => (await import("./operations/environments/promotion.ts")).rollbackPromotion(workspace, request),
    envDrop: async (name) => (await import("./operations/environments/environments.ts")).dropEnvironment(workspace, name),
    envCollect: async (request) =>
      (await import("./operations/environments/collect.ts")).collectEnvironments(workspace, { ...request, now: Date.now() }),
    retention: async (request) =>
      (await import("./operations/retention.ts")).pruneRuns(workspace, { ...request, now: Date.now(), warehouse: "open" }),
    rollbackRelease: async (asset) => (await import("./operations/assets/rollback.ts")).releaseAsset(workspace, asset),
    runs: async (request) => (await import("./operations/runs/select.ts")).selectRuns(workspace, request),
    approvals: async () => (await import("./operations/runs/approve.ts")).approvalsHere(workspace),
    approve: async (request) => (await import("./operations/runs/approve.ts")).approve(workspace, request),
    approvalForm: async (request) => (await import("./operations/runs/approve.ts")).approvalForm(workspace, request),
    logWindow: async (request) => (await import("./operations/live/logs.ts")).logWindow(workspace, request),
    runStrip: async (request) => (await import("./operations/live/strip.ts")).runStrip(workspace, { ...request, now: Date.now() }),
    partitionGrid: async (request) => (await import("./operations/live/grid.ts")).partitionGrid(workspace, request),
    runChanges: async (run) => (await import("./operations/runs/changes.ts")).runChanges(workspace, run),
    runShow: async (run) => (await import("./operations/runs/runs.ts")).showRun(workspace, run),
    logs: async function* (request) {
      yield* (await import("./operations/runs/logs.ts")).logLines(workspace, request);
    },
    triggers: async (request) => (await import("./operations/triggers/list.ts")).listTriggers(workspace, { ...request, now: Date.now() }),
    triggerHistory: async (request) => (await import("./operations/triggers/list.ts")).triggerHistory(workspace, request),
    pauseTriggers: async (act) => (await import("./operations/triggers/acts.ts")).pauseTriggers(workspace, act),
    resumeTriggers: async (act) => (await import("./operations/triggers/acts.ts")).resumeTriggers(workspace, act),
    lookAtTrigger: async (act) => (await import("./operations/triggers/look.ts")).lookAtTrigger(workspace, act, serveParts),
    resetTrigger: async (act) => (await import("./operations/triggers/look.ts")).resetTrigger(workspace, act),
    lineage: async (target, request) => (await import("./operations/lineage/lineage.ts")).lineageOf(workspace, target, request),
    lineageGraph: async (target, request) => (await import("./operations/lineage/lineage.ts")).lineageGraphOf(workspace, target, request),
    lineageEvents: async (request) => (await import("./operations/lineage/openlineage.ts")).openLineageEvents(workspace, request),
    impact: async (target) => (await import("./operations/lineage/lineage.ts")).impactOf(workspace, target),
    docsBuild: async (request) => (await import("./operations/catalogue/build.ts")).buildDocs(workspace, request),
    types: async (request) => (await import("./operations/types/types.ts")).writeTypes(workspace, request),
    tokenCreate: async (request) => (await import("./operations/access/tell.ts")).tokenCreate(workspace, request),
    tokenList: async () => (await import("./operations/access/tell.ts")).tokenList(workspace),
    tokenRevoke: async (token) => (await import("./operations/access/tell.ts")).tokenRevoke(workspace, token),
    pageLink: async () => (await import("./operations/access/tell.ts")).pageLink(workspace),
    audit: async (request) => (await import("./operations/access/tell.ts")).auditList(workspace, request),
    access: async () => (await import("./operations/access/port.ts")).accessPort((await workspace.store()).tables, { now: Date.now }),
    confirmationAsk: async (request) => (await import("./operations/agents/confirm.ts")).askConfirmation(workspace, request),
    confirmationShow: async (id) => (await import("./operations/agents/confirm.ts")).showConfirmation(workspace, id),
    confirmationGrant: async (id) => (await import("./operations/agents/confirm.ts")).grantConfirmation(workspace, id),
    confirmationUse: async (request) => (await import("./operations/agents/confirm.ts")).useConfirmation(workspace, request),
    close: async () => {
      await closeParts();
      await workspace.close();
    },
  };
}

/** What works without a project. */
export async function openTools(): Promise<Tools> {
  return {
    inspect: async (files, options) => (await import("./connectors/files/inspect.ts")).inspectFiles(files, options),
    convert: async (files, options, observe) => (await import("./connectors/files/convert.ts")).convertFiles(files, options, observe),
    doctor: async (dir) => {
      const [{ projectDoctor }, { readOptions }] = await Promise.all([import("./project/doctor.ts"), import("./operations/workspace.ts")]);
      const checks = await projectDoctor(dir, readOptions(await loadParts(isolatorOf(() => []).open)));
      return { checks: [...checks, ...(await stateChecks(dir))] };
    },
    jsonSchema: async (kind, dir) => {
      const [{ jsonSchema }, { connectors }, { checks }] = await Promise.all([
        import("./project/json-schema.ts"),
        import("./connectors/index.ts"),
        import("./checks/index.ts"),
      ]);
      const own = dir === undefined ? { connectors: {}, checks: {} } : await ownSchemaParts(dir);
      return jsonSchema(kind, { connectors: { ...own.connectors, ...connectors }, checks: { ...own.checks, ...checks } });
    },
    initialize: async (dir, options) => (await import("./project/init.ts")).initProject(dir, options),
  };
}
