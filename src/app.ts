// The composition root: the only file that names concrete parts. What commands, the API and the client call.
import type {
  AssetsAnswer,
  ChecksAnswer,
  ConvertedFileAnswer,
  DescribeAnswer,
  DoctorAnswer,
  HistoryAnswer,
  LineageAnswer,
  LogLineAnswer,
  NodeEventAnswer,
  PlanAnswer,
  QuarantineAnswer,
  QuarantineItem,
  RunsAnswer,
  RunShowAnswer,
  RunStartedAnswer,
  RunSummaryAnswer,
  StatusAnswer,
} from "./model/answers.ts";
import type { QueryPart } from "./operations/query.ts";

export interface OpenOptions {
  /** Folder to look for the project from; default: the working directory. */
  readonly dir?: string;
  readonly env?: string;
  readonly signal?: AbortSignal;
}

export interface RunRequest {
  readonly job?: string;
  readonly select?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly fullRefresh?: boolean;
  readonly fromFailure?: string;
}

/** What an observer of a run is told while it goes on. */
export type RunProgress =
  | RunStartedAnswer
  | NodeEventAnswer
  | { readonly type: "started"; readonly node: string; readonly attempt: number; readonly expectedSeconds: number | null }
  | { readonly type: "retrying"; readonly node: string; readonly attempt: number; readonly retryAt: string; readonly message: string };

export interface App {
  readonly dir: string;
  run(request: RunRequest, observe: (progress: RunProgress) => void): Promise<RunSummaryAnswer>;
  plan(request: RunRequest): Promise<PlanAnswer>;
  /** Hands over the columns, then chunks of rows. */
  query(sql: string, take: (part: QueryPart) => void): Promise<void>;
  /** Writes the rows of a query to a file as Parquet. */
  queryToParquet(sql: string, path: string): Promise<void>;
  check(request: { readonly select?: string }): Promise<ChecksAnswer>;
  quarantineList(request: { readonly asset?: string; readonly limit: number }): Promise<QuarantineAnswer>;
  quarantineShow(id: string): Promise<QuarantineItem & { readonly row: unknown }>;
  list(request: { readonly select?: string }): Promise<AssetsAnswer>;
  describe(asset: string): Promise<DescribeAnswer>;
  status(): Promise<StatusAnswer>;
  history(asset: string, request: { readonly schema: boolean }): Promise<HistoryAnswer>;
  runs(request: { readonly limit: number }): Promise<RunsAnswer>;
  runShow(run: string): Promise<RunShowAnswer>;
  logs(run: string): AsyncIterable<LogLineAnswer>;
  lineage(target: string, request: { readonly up: number; readonly down: number }): Promise<LineageAnswer>;
  close(): Promise<void>;
}

/** What works without a project. */
export interface Tools {
  inspect(files: readonly string[], options: Readonly<Record<string, unknown>>): Promise<readonly Readonly<Record<string, unknown>>[]>;
  convert(
    files: readonly string[],
    options: { readonly to: string; readonly format: "parquet" | "csv" | "ndjson"; readonly types: "infer" | "text" },
    observe: (file: ConvertedFileAnswer) => void,
  ): Promise<void>;
  doctor(dir: string): Promise<DoctorAnswer>;
  jsonSchema(kind: string | undefined): Promise<Readonly<Record<string, unknown>>>;
  initialize(
    dir: string,
    options: { readonly template: string; readonly force: boolean },
  ): Promise<{ readonly dir: string; readonly files: readonly string[] }>;
}

export async function openApp(_options: OpenOptions): Promise<App> {
  throw new Error("not wired yet");
}

export async function openTools(): Promise<Tools> {
  throw new Error("not wired yet");
}
