// Every read and act of the API by its name: method and path below /api/v1. What the server answers, the client asks for and the page shows by the same names.
//   P1. A path parameter is `:name`; what else a route takes comes in the query of a GET and in the JSON body of the others.

export const API_ROOT = "/api/v1";

export const apiPaths = {
  // how things stand
  "status.show": "GET /status",
  "doctor.show": "GET /doctor",
  "project.show": "GET /project",
  "search.find": "GET /search",
  "codes.list": "GET /codes",
  "codes.explain": "GET /codes/:code",
  "schemas.list": "GET /schemas",
  "schemas.show": "GET /schemas/:kind",
  // assets
  "assets.list": "GET /assets",
  "assets.graph": "GET /graph",
  "assets.describe": "GET /assets/:asset",
  "assets.history": "GET /assets/:asset/history",
  "assets.source": "GET /assets/:asset/source",
  "assets.rows": "GET /assets/:asset/rows",
  "assets.profile": "GET /assets/:asset/profile",
  "assets.why": "GET /assets/:asset/why",
  "assets.rollback": "POST /assets/:asset/rollback",
  "assets.release": "POST /assets/:asset/release",
  "assets.replay": "POST /assets/:asset/replay",
  "assets.types": "GET /types",
  "assets.drift": "GET /drift",
  "checks.run": "POST /checks/run",
  "checks.list": "GET /checks",
  "quality.show": "GET /quality",
  "contracts.export": "GET /assets/:asset/contract",
  "contracts.import": "POST /contracts/import",
  "contracts.check": "POST /contracts/check",
  "lineage.show": "GET /lineage/:target",
  "lineage.graph": "GET /lineage/:target/graph",
  "lineage.impact": "GET /lineage/:target/impact",
  "lineage.events": "GET /openlineage",
  // partitions and backfills
  "partitions.grid": "GET /partitions",
  "partitions.show": "GET /assets/:asset/partition",
  "backfills.list": "GET /backfills",
  "backfills.show": "GET /backfills/:backfill",
  "backfills.preview": "POST /backfills/preview",
  "backfills.start": "POST /backfills",
  "backfills.pause": "POST /backfills/:backfill/pause",
  "backfills.resume": "POST /backfills/:backfill/resume",
  "backfills.retry": "POST /backfills/:backfill/retry",
  "backfills.jobs": "POST /backfills/:backfill/jobs",
  "backfills.cancel": "POST /backfills/:backfill/cancel",
  // runs
  "runs.list": "GET /runs",
  "runs.start": "POST /runs",
  "runs.show": "GET /runs/:run",
  "runs.why": "GET /runs/:run/why",
  "runs.changes": "GET /runs/:run/changes",
  "runs.logs": "GET /runs/:run/logs",
  "runs.strip": "GET /run-strip",
  "runs.cancel": "POST /runs/:run/cancel",
  "runs.cancelMany": "POST /runs/cancel",
  "runs.retry": "POST /runs/:run/retry",
  "runs.fork": "POST /runs/:run/fork",
  // approvals and reviews
  "approvals.list": "GET /approvals",
  "approvals.form": "GET /approvals/:run/:task",
  "approvals.decide": "POST /approvals/:run/:task",
  "reviews.list": "GET /reviews/:asset",
  "reviews.decide": "POST /reviews/:asset",
  // what agents propose and a person confirms
  "confirmations.ask": "POST /confirmations",
  "confirmations.use": "POST /confirmations/use",
  // quarantine
  "quarantine.list": "GET /quarantine",
  "quarantine.trend": "GET /quarantine/trend",
  "quarantine.records": "GET /quarantine/assets/:asset",
  "quarantine.export": "POST /quarantine/export",
  "quarantine.show": "GET /quarantine/records/:id",
  "quarantine.preview": "POST /quarantine/preview",
  "quarantine.decide": "POST /quarantine/decide",
  "quarantine.discard": "POST /quarantine/discard",
  // automations
  "jobs.list": "GET /jobs",
  "jobs.parameters": "GET /jobs/:job/parameters",
  "jobs.why": "GET /jobs/:job/why",
  "triggers.list": "GET /triggers",
  "triggers.history": "GET /jobs/:job/triggers",
  "triggers.pause": "POST /jobs/:job/pause",
  "triggers.resume": "POST /jobs/:job/resume",
  "triggers.look": "POST /jobs/:job/look",
  "triggers.reset": "POST /jobs/:job/reset",
  // changes and environments
  "plan.show": "GET /plan",
  "plan.file": "POST /plan",
  "plan.apply": "POST /plan/apply",
  "assets.diff": "GET /assets/:asset/diff",
  "environments.list": "GET /environments",
  "environments.create": "POST /environments",
  "environments.diff": "GET /environments/:name/diff",
  "environments.promote": "POST /environments/:name/promote",
  "environments.rollback": "POST /environments/rollback",
  "environments.drop": "POST /environments/:name/drop",
  "environments.collect": "POST /environments/collect",
  "environments.deploy": "POST /environments/deploy",
  "retention.prune": "POST /retention",
  // the console
  "query.run": "POST /query",
  "query.export": "POST /query/export",
  "query.cancel": "POST /query/cancel",
  "query.completions": "GET /query/completions",
  "query.personal": "POST /query/personal",
  // models' tests
  "tests.run": "POST /tests/run",
  "tests.record": "POST /tests/record",
  // the catalogue
  "docs.build": "POST /docs",
  // settings
  "connectors.form": "GET /connectors/:connector/form",
  "connections.list": "GET /connections",
  "connections.test": "POST /connections/:connection/test",
  "sources.add": "POST /sources",
  "tokens.list": "GET /tokens",
  "tokens.create": "POST /tokens",
  "tokens.revoke": "POST /tokens/:token/revoke",
  "audit.list": "GET /audit",
  "session.show": "GET /session",
  "session.begin": "POST /session",
  "session.end": "POST /session/end",
  "session.link": "POST /session/link",
  // live
  "live.stream": "GET /live",
} as const satisfies Readonly<Record<string, `${"GET" | "POST"} /${string}`>>;

export type RouteId = keyof typeof apiPaths;

export function methodOf(id: RouteId): "GET" | "POST" {
  return apiPaths[id].startsWith("GET") ? "GET" : "POST";
}

/** The path below API_ROOT with its parameters filled in; what is left of the input goes into the query or the body. @throws when one is missing. */
export function fillPath(
  id: RouteId,
  input: Readonly<Record<string, unknown>>,
): { readonly path: string; readonly rest: Readonly<Record<string, unknown>> } {
  const rest: Record<string, unknown> = { ...input };
  const template: string = apiPaths[id];
  const path = template.slice(template.indexOf("/")).replaceAll(/:([a-z]+)/gi, (_, name: string) => {
    const value = rest[name];
    if (typeof value !== "string" || value === "") throw new TypeError(`${id} wants ${name}`);
    delete rest[name];
    return encodeURIComponent(value);
  });
  return { path, rest };
}
