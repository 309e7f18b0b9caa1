// What commands, the API and the client call: the operations on a project, and the tools that need none.
import type { AuditAnswer, PageLinkAnswer, TokenAnswer, TokenCreatedAnswer, TokensAnswer } from "../model/access.ts";
import type { AccessPort } from "../model/access.ts";
import type { ConfirmationAsked, ConfirmationGranted, ConfirmationShown } from "../model/confirm-answers.ts";
import type { ConfirmationRequest } from "./agents/confirm.ts";
import type { ContractCheckAnswer, ContractExportAnswer, ContractImportAnswer } from "../model/contract-answers.ts";
import type {
  AssetsAnswer,
  ChecksAnswer,
  ConvertedFileAnswer,
  DescribeAnswer,
  DoctorAnswer,
  HistoryAnswer,
  JsonValue,
  LogLineAnswer,
  PlanAnswer,
  QuarantineAnswer,
  QuarantineDecisionAnswer,
  QuarantineItem,
  QuarantineTrendAnswer,
  RunsAnswer,
  RunShowAnswer,
  RunSummaryAnswer,
  StatusAnswer,
} from "../model/answers.ts";
import type {
  CancelAnswer,
  ForkAnswer,
  ReleaseAnswer,
  ReplayAnswer,
  RetentionAnswer,
  RollbackAnswer,
  WhyAnswer,
} from "../model/act-answers.ts";
import type { ImpactAnswer, LineageAnswer, LineageGraphAnswer } from "../model/lineage-answers.ts";
import type { CatalogueAnswer, TypesAnswer } from "../model/catalogue-answers.ts";
import type {
  AssetProfileAnswer,
  AssetRowsAnswer,
  AssetSourceAnswer,
  CheckListAnswer,
  DriftAnswer,
  SearchAnswer,
} from "../model/look-answers.ts";
import type { AssetGraphAnswer } from "../model/graph-answers.ts";
import type { BoardWish } from "./live/board.ts";
import type { CheckListRequest } from "./look/checks.ts";
import type { RowsRequest } from "./look/rows.ts";
import type { SearchRequest } from "./look/search.ts";
import type { AuditRequest } from "./access/audit.ts";
import type { TokenRequest } from "./access/tokens.ts";
import type { DocsRequest } from "./catalogue/build.ts";
import type { Hops } from "./lineage/lineage.ts";
import type { OpenLineageRequest } from "./lineage/openlineage.ts";
import type { TypesRequest } from "./types/types.ts";
import type { RunChangesAnswer } from "../model/run-answers.ts";
import type { ReviewAnswer, ReviewDecisionAnswer } from "../model/review-answers.ts";
import type {
  CollectAnswer,
  EnvironmentDiffAnswer,
  EnvironmentDropAnswer,
  EnvironmentsAnswer,
  PromotionAnswer,
} from "../model/environment-answers.ts";
import type { PromoteRequest } from "./environments/promotion.ts";
import type { ReviewListRequest, ReviewRequest } from "./review/review.ts";
import type { AddAnswer, AddFormAnswer } from "../model/add-answers.ts";
import type { AddRequest } from "./add/add.ts";
import type { BackfillActAnswer, BackfillsAnswer, BackfillShowAnswer, BackfillStartedAnswer } from "../model/backfill-answers.ts";
import type { BackfillAct, BackfillsRequest, ResumeRequest, RetryBackfillRequest } from "./backfill/acts.ts";
import type { BackfillRequest } from "./backfill/backfill.ts";
import type { ParamSpec } from "../model/definitions/job.ts";
import type { RunProgress, ServeProgress } from "../model/progress.ts";
import type { LogsRequest } from "./runs/logs.ts";
import type { GridRequest } from "./live/grid.ts";
import type { LogWindowRequest } from "./live/logs.ts";
import type { StripRequest } from "./live/strip.ts";
import type { PartitionGridAnswer } from "../model/grid-answers.ts";
import type { LogWindowAnswer, RunStripAnswer } from "../model/live-answers.ts";
import type { ApprovalAnswer, ApprovalsAnswer, PendingApproval } from "../model/approval-answers.ts";
import type { ApproveRequest } from "./runs/approve.ts";
import type { QueryPart } from "./assets/query.ts";
import type { ConnectionsAnswer, ConnectionTestAnswer } from "../model/connection-answers.ts";
import type { ProjectAnswer } from "../model/project-answers.ts";
import type { CompletionsAnswer, PersonalAnswer, QueryCancelAnswer, QueryExportAnswer, QueryRunAnswer } from "../model/query-answers.ts";
import type { QueryRequest } from "./query/console.ts";
import type { QueryExportRequest, QueryFile } from "./query/export.ts";
import type { PauseAct, SensorAct, TriggerAct } from "./triggers/acts.ts";
import type { TriggerActAnswer, TriggerHistoryAnswer, TriggerLookAnswer, TriggersAnswer } from "../model/trigger-answers.ts";
import type { ForkRequest, RetryRequest } from "./runs/again.ts";
import type { CancelRequest } from "./runs/cancel.ts";
import type { DecisionRequest } from "./quarantine/decide.ts";
import type { ExportRequest, QuarantineFileRequest } from "./quarantine/exchange.ts";
import type { QuarantineListRequest } from "./quarantine/list.ts";
import type { QuarantineRecordsRequest } from "./quarantine/records.ts";
import type { QuarantineRecordsAnswer } from "../model/quarantine-answers.ts";
import type { PartitionShowRequest } from "./partitions/show.ts";
import type { PartitionShowAnswer } from "../model/grid-answers.ts";
import type { QualityAnswer } from "../model/quality-answers.ts";
import type { JobsAnswer } from "../model/job-answers.ts";
import type { PlanAnswerRequest } from "./plan/answer.ts";
import type { DeployAnswer } from "../model/deploy-answers.ts";
import type { DiffAnswer } from "../model/diff-answers.ts";
import type { DeployRequest } from "./deploy/deploy.ts";
import type { DiffRequest } from "./diff/diff.ts";
import type { EnvironmentWord } from "./known-environment.ts";
import type { ApplyRequest } from "./plan/apply.ts";
import type { KeptPlan } from "./plan/plan-file.ts";
import type { ReplayRequest } from "./assets/replay.ts";
import type { HistoryRequest } from "./assets/history.ts";
import type { TriggerHistoryRequest } from "./triggers/list.ts";
import type { RollbackRequest } from "./assets/rollback.ts";
import type { SelectedRunsRequest } from "./runs/select.ts";
import type { DevProgress, DevRequest } from "./dev/request.ts";
import type { ServeRequest } from "./serve/request.ts";
import type { Tested, TestRequest } from "./tests/tests.ts";
import type { RecordRequest } from "./tests/record.ts";
import type { RecordedTestAnswer, TestAnswer } from "../model/test-answers.ts";

export interface OpenOptions {
  /** Folder to look for the project from; default: the working directory. */
  readonly dir?: string;
  readonly env?: string;
  readonly signal?: AbortSignal;
}

interface Tellers<Answer> {
  observe(progress: RunProgress): void;
  tell(answer: Answer): void;
}

export interface RunRequest {
  readonly job?: string;
  readonly select?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly fullRefresh?: boolean;
  readonly fromFailure?: string;
  readonly partition?: string;
  /** Code that changed is for new intervals and partitions. */
  readonly forwardOnly?: boolean;
  /** Intervals or partitions that are made again; `to` is included. */
  readonly restate?: { readonly asset: string; readonly from: string; readonly to?: string };
}

export interface App {
  readonly dir: string;
  /** The environment that commands work in, and the error for a command that only looks where nothing knows it. */
  environmentWord(): Promise<EnvironmentWord>;
  run(request: RunRequest, observe: (progress: RunProgress) => void): Promise<RunSummaryAnswer>;
  /** Resolves when `signal` was aborted and everything is put away. */
  serve(request: ServeRequest, observe: (progress: ServeProgress) => void): Promise<void>;
  /** `serve` for whoever works on the project: saved files are looked at and told. */
  dev(request: DevRequest, observe: (progress: DevProgress) => void): Promise<void>;
  /** Parameters of a job, for whoever asks a person for them. */
  parameters(job: string): Promise<Readonly<Record<string, ParamSpec>>>;
  plan(request: PlanAnswerRequest): Promise<PlanAnswer>;
  /** The plan with the text of a file that `apply` carries out. */
  planFile(request: PlanAnswerRequest): Promise<KeptPlan>;
  /** Exactly that plan, or nothing. */
  apply(request: ApplyRequest, observe: (progress: RunProgress) => void): Promise<RunSummaryAnswer>;
  /** How the rows of an asset differ between environments or versions. */
  diff(request: DiffRequest): Promise<DiffAnswer>;
  /** Brings the environment of a branch to what a commit says. */
  deploy(request: DeployRequest, observe: (progress: RunProgress) => void): Promise<DeployAnswer>;
  /** Hands over the columns, then chunks of rows. */
  query(sql: string, take: (part: QueryPart) => void): Promise<void>;
  /** Within caps of rows, bytes, time and memory; reads the warehouse alone. */
  queryRun(request: QueryRequest): Promise<QueryRunAnswer>;
  queryCancel(request: { readonly query: string }): Promise<QueryCancelAnswer>;
  queryExport(request: QueryExportRequest): Promise<QueryExportAnswer>;
  /** Where an exported file lies. */
  queryFile(exported: string): Promise<QueryFile>;
  queryCompletions(): Promise<CompletionsAnswer>;
  /** Which columns of a query's answer are personal, by their origins. */
  queryPersonal(request: { readonly sql: string }): Promise<PersonalAnswer>;
  connections(): Promise<ConnectionsAnswer>;
  connectionTest(connection: string): Promise<ConnectionTestAnswer>;
  project(): Promise<ProjectAnswer>;
  /** Writes a test from rows of a model. */
  recordTest(request: RecordRequest): Promise<RecordedTestAnswer>;
  test(request: TestRequest, observe: (test: TestAnswer) => void): Promise<Tested>;
  /** Writes the rows of a query to a file as Parquet. */
  queryToParquet(sql: string, path: string): Promise<void>;
  check(request: { readonly select?: string }): Promise<ChecksAnswer>;
  quarantineList(request: QuarantineListRequest): Promise<QuarantineAnswer>;
  quarantineShow(id: string): Promise<QuarantineItem & { readonly row: unknown }>;
  /** Corrects, accepts or tries records again; a preview (`dryRun`) has no summary. */
  quarantineDecide(
    request: DecisionRequest,
    observe: (progress: RunProgress) => void,
    tell: (answer: QuarantineDecisionAnswer) => void,
  ): Promise<RunSummaryAnswer | null>;
  quarantineDiscard(request: {
    readonly named: readonly string[];
    readonly rule?: string;
    readonly why?: string;
  }): Promise<QuarantineDecisionAnswer>;
  /** Records of an asset with their cells, and what they may have meant. */
  quarantineRecords(request: QuarantineRecordsRequest): Promise<QuarantineRecordsAnswer>;
  quarantineExport(request: ExportRequest): Promise<{ readonly file: string; readonly records: number }>;
  /** Open records as a file to fetch, as a query's rows are. */
  quarantineFile(request: QuarantineFileRequest): Promise<QueryExportAnswer>;
  quarantineTrend(request: { readonly asset?: string; readonly days: number }): Promise<QuarantineTrendAnswer>;
  /** Tries a connector's settings, lists what is there, writes sources. */
  add(request: AddRequest): Promise<AddAnswer>;
  addForm(connector: string): Promise<AddFormAnswer>;
  reviewList(request: ReviewListRequest): Promise<ReviewAnswer>;
  reviewDecide(request: ReviewRequest): Promise<ReviewDecisionAnswer>;
  list(request: { readonly select?: string }): Promise<AssetsAnswer>;
  describe(asset: string, request?: { readonly partitions: boolean }): Promise<DescribeAnswer>;
  status(): Promise<StatusAnswer>;
  /** From what is kept and what runs wrote; who follows the live stream hears when a plan knows better. */
  statusSoon(): Promise<StatusAnswer>;
  doctor(): Promise<DoctorAnswer>;
  /** With what the project makes itself; without a kind all of them, by kind. */
  jsonSchema(kind: string | undefined): Promise<Readonly<Record<string, unknown>>>;
  /** All assets with how each stands and what it reads. */
  assetGraph(wish: BoardWish): Promise<AssetGraphAnswer>;
  /** The text an asset is defined by. */
  assetSource(asset: string): Promise<AssetSourceAnswer>;
  /** A page of the rows that readers see. */
  assetRows(request: RowsRequest): Promise<AssetRowsAnswer>;
  /** What the columns hold. */
  assetProfile(asset: string): Promise<AssetProfileAnswer>;
  /** How columns changed since then, in milliseconds since 1970. */
  assetDrift(since: number): Promise<DriftAnswer>;
  /** All checks with how they went. */
  checkList(request: CheckListRequest): Promise<CheckListAnswer>;
  search(request: SearchRequest): Promise<SearchAnswer>;
  history(asset: string, request: HistoryRequest): Promise<HistoryAnswer>;
  contractExport(request: {
    readonly asset: string;
    readonly format: "odcs" | "json-schema" | "avro";
    readonly out?: string;
  }): Promise<ContractExportAnswer>;
  contractImport(request: {
    readonly file: string;
    readonly table?: string;
    readonly path?: string;
    readonly name?: string;
    readonly out?: string;
    readonly base?: string;
  }): Promise<ContractImportAnswer>;
  contractCheck(request: {
    readonly what: string;
    readonly against: readonly string[];
    readonly mode: string;
  }): Promise<ContractCheckAnswer>;
  rollback(request: RollbackRequest): Promise<RollbackAnswer>;
  rollbackRelease(asset: string): Promise<ReleaseAnswer>;
  why(name: string): Promise<WhyAnswer>;
  retry(request: RetryRequest, observe: (progress: RunProgress) => void): Promise<RunSummaryAnswer>;
  fork(request: ForkRequest, observe: (progress: RunProgress) => void, tell: (fork: ForkAnswer) => void): Promise<RunSummaryAnswer>;
  replay(request: ReplayRequest, observe: (progress: RunProgress) => void, tell: (replay: ReplayAnswer) => void): Promise<RunSummaryAnswer>;
  cancel(request: CancelRequest): Promise<CancelAnswer>;
  backfill(request: BackfillRequest, tellers: Tellers<BackfillStartedAnswer>): Promise<RunSummaryAnswer | null>;
  /** One partition: how it stands, why, what made it. */
  partitionShow(request: PartitionShowRequest): Promise<PartitionShowAnswer>;
  /** How good the data is, as its checks tell. */
  quality(): Promise<QualityAnswer>;
  jobs(): Promise<JobsAnswer>;
  backfillList(request: BackfillsRequest): Promise<BackfillsAnswer>;
  backfillShow(backfill: string): Promise<BackfillShowAnswer>;
  backfillAct(act: BackfillAct): Promise<BackfillActAnswer>;
  backfillResume(request: ResumeRequest, tellers: Tellers<BackfillActAnswer>): Promise<RunSummaryAnswer | null>;
  backfillRetry(request: RetryBackfillRequest, tellers: Tellers<BackfillStartedAnswer>): Promise<RunSummaryAnswer | null>;
  envList(): Promise<EnvironmentsAnswer>;
  envCreate(name: string): Promise<EnvironmentsAnswer>;
  envDiff(name: string): Promise<EnvironmentDiffAnswer>;
  envPromote(request: PromoteRequest): Promise<PromotionAnswer>;
  envRollback(request: { readonly of?: string; readonly why?: string }): Promise<PromotionAnswer>;
  envDrop(name: string): Promise<EnvironmentDropAnswer>;
  envCollect(request: { readonly dryRun: boolean }): Promise<CollectAnswer>;
  retention(request: { readonly dryRun: boolean }): Promise<RetentionAnswer>;
  runs(request: SelectedRunsRequest): Promise<RunsAnswer>;
  runShow(run: string): Promise<RunShowAnswer>;
  /** What changed since the last run before it that went well. */
  runChanges(run: string): Promise<RunChangesAnswer>;
  /** A part of what a run logged. */
  logWindow(request: LogWindowRequest): Promise<LogWindowAnswer>;
  /** How the runs of the last hours went. */
  runStrip(request: Omit<StripRequest, "now">): Promise<RunStripAnswer>;
  /** How the partitions of many assets stand. */
  partitionGrid(request: GridRequest): Promise<PartitionGridAnswer>;
  /** What waits for a person's decision. */
  approvals(): Promise<ApprovalsAnswer>;
  approve(request: ApproveRequest): Promise<ApprovalAnswer>;
  approvalForm(request: { readonly run: string; readonly task: string }): Promise<PendingApproval>;
  logs(request: LogsRequest): AsyncIterable<LogLineAnswer>;
  triggers(request: { readonly job?: string; readonly from?: string; readonly next: number }): Promise<TriggersAnswer>;
  triggerHistory(request: TriggerHistoryRequest): Promise<TriggerHistoryAnswer>;
  pauseTriggers(act: PauseAct): Promise<TriggerActAnswer>;
  resumeTriggers(act: TriggerAct): Promise<TriggerActAnswer>;
  /** What a sensor sees now; nothing is done. */
  lookAtTrigger(act: SensorAct): Promise<TriggerLookAnswer>;
  /** Forgets what a sensor saw last. */
  resetTrigger(act: SensorAct): Promise<TriggerActAnswer>;
  lineage(target: string, request: Hops): Promise<LineageAnswer>;
  lineageGraph(target: string, request: Hops): Promise<LineageGraphAnswer>;
  /** OpenLineage events; of the whole project where `target` is undefined. */
  lineageEvents(request: OpenLineageRequest): Promise<readonly JsonValue[]>;
  /** What a change of an asset or a column reaches. */
  impact(target: string): Promise<ImpactAnswer>;
  /** A folder that tells all about the project's assets, without network. */
  docsBuild(request: DocsRequest): Promise<CatalogueAnswer>;
  /** TypeScript types of the assets' rows. */
  types(request: TypesRequest): Promise<TypesAnswer>;
  /** A token for the API; what it is is told this once. */
  tokenCreate(request: TokenRequest): Promise<TokenCreatedAnswer>;
  tokenList(): Promise<TokensAnswer>;
  /** By its id or its name. */
  tokenRevoke(token: string): Promise<TokenAnswer>;
  /** A link to the page of the running engine that opens one session. */
  pageLink(): Promise<PageLinkAnswer>;
  audit(request: AuditRequest): Promise<AuditAnswer>;
  /** What a server of this process needs to know who asks. */
  access(): Promise<AccessPort>;
  /** Keeps what an agent proposes until a person confirms it. */
  confirmationAsk(request: ConfirmationRequest): Promise<ConfirmationAsked>;
  confirmationShow(confirmation: string): Promise<ConfirmationShown>;
  /** The person says yes. */
  confirmationGrant(confirmation: string): Promise<ConfirmationGranted>;
  confirmationUse(request: { readonly token: string; readonly act: unknown }): Promise<void>;
  close(): Promise<void>;
}

/** What works without a project. */
export interface Tools {
  inspect(files: readonly string[], options: Readonly<Record<string, unknown>>): Promise<readonly Readonly<Record<string, unknown>>[]>;
  convert(
    files: readonly string[],
    options: { readonly to: string; readonly format: "parquet" | "csv" | "ndjson" | "xlsx" | "avro"; readonly types: "infer" | "text" },
    observe: (file: ConvertedFileAnswer) => void,
  ): Promise<void>;
  doctor(dir: string): Promise<DoctorAnswer>;
  /** With what the project in `dir` makes itself, where there is one. */
  jsonSchema(kind: string | undefined, dir?: string): Promise<Readonly<Record<string, unknown>>>;
  initialize(
    dir: string,
    options: { readonly template: string; readonly force: boolean; readonly from?: string },
  ): Promise<{
    readonly dir: string;
    readonly files: readonly string[];
    readonly notes: readonly { readonly file: string; readonly line: number; readonly message: string }[];
  }>;
}

/** What the API asks. */
export interface ApiPort {
  /** The operations on the project as its files are now; `environment`: another than the engine's. */
  app(environment: string | undefined): Promise<App>;
}
