// `millrace/client`: a server, or the project in a folder, for code.
export { ApiError, type AnswerOf, type Ask, type Asked, type BegunAnswer } from "./client/ask.ts";
export type { Backfill, BackfillWish } from "./client/backfill.ts";
export { type Client, connect, type ConnectOptions, type RunWish, type Submission } from "./client/connect.ts";
export type { Correction, Narrowing, Quarantine, QuarantineFilter, Records } from "./client/quarantine.ts";
export type { JsonRow, QueryRequest, QueryResult, RowsByAsset, RowsRequest } from "./client/rows.ts";
export type { Following, Run, RunEvent, RunNode, RunResult } from "./client/run.ts";
export { type ErrorRecord, MillraceError } from "./model/errors.ts";
export type { Api } from "./server/api.ts";
