// What an operation works on: the project in a folder with its warehouse and its state, each opened when it is first needed and closed once.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Environment, environmentOf, gitBranch } from "../project/environment.ts";
import { findProject } from "../project/find.ts";
import { openCache } from "../project/cache.ts";
import { readConfig } from "../project/config.ts";
import type { Project, ReadOptions } from "../project/reader.ts";
import { secretNamesIn } from "../project/placeholders.ts";
import { createRedactor, readSecrets } from "../project/secrets.ts";
import { PROD } from "../model/environment.ts";
import type { Warehouse } from "../sql/warehouse.ts";
import type { EventStore } from "../store/store.ts";
import { parseSizeBytes } from "../model/duration.ts";
import type { ProjectSpec } from "../model/definitions/project.ts";
import { combineErrors, MillraceError } from "../model/errors.ts";
import type { DoctorAnswer } from "../model/answers.ts";
import type { Parts } from "./parts.ts";
import { runningEngine } from "./serve/engine-file.ts";
import type { StatePlace } from "./state.ts";
import { closeTemp, openTemp } from "./temp.ts";

/** A command that only looks holds the warehouse for less than this. */
const LOCK_PATIENCE_MS = 2_000;
const LOCK_PAUSE_MS = 100;
/** Who asks for what was read lately is answered with what is as old as this. */
const LATELY_MS = 2_000;

export interface WorkspaceOptions {
  readonly dir: string;
  readonly env: string | undefined;
  /** Called once, when the project is first read. */
  readonly parts: () => Promise<Parts>;
  readonly signal: AbortSignal;
}

/** What is carried out in place of what is checked out. */
export interface Committed {
  /** Where its files are. */
  readonly codeDir: string;
  readonly environment: Environment;
  readonly branch: string | null;
}

export class Workspace {
  readonly dir: string;
  private committed: Committed | undefined;
  readonly signal: AbortSignal;
  private readonly loadParts: () => Promise<Parts>;
  private loadedParts: Parts | undefined;
  private configOnce: Promise<ProjectSpec> | undefined;
  private environmentOnce: Environment | undefined;
  private elsewhere: string | undefined;
  private projectOnce: Promise<Project> | undefined;
  /** As it was read last, by this one or one that renewed it. */
  private projectRead: Project | undefined;
  /** The same, but of the files of this folder alone, and when that was. */
  private readLately: { readonly project: Project; readonly atMs: number } | undefined;
  /** Work is to be done: the places of `tables:` are asked again. */
  private asksPlaces = false;
  private warehouseOnce: Promise<Warehouse> | undefined;
  private tempOnce: string | undefined;
  private readonly usedSecrets = new Set<string>();
  private secretsOnce: ReadonlyMap<string, string> | undefined;
  private redactor: { readonly secrets: number; redact(this: void, text: string): string } | undefined;
  private storeOnce: Promise<EventStore> | undefined;
  private readonly options: WorkspaceOptions;
  /** The one whose state and warehouse this one shares. */
  private readonly first: Workspace | undefined;

  private constructor(dir: string, options: WorkspaceOptions, first?: Workspace) {
    this.dir = dir;
    this.loadParts = options.parts;
    this.signal = options.signal;
    this.options = options;
    this.first = first;
  }

  /** @throws MR1001 when there is no project in the folder or above it. */
  static open(options: WorkspaceOptions): Workspace {
    return new Workspace(findProject(options.dir), options);
  }

  /** The project as its files are now, with the state and the warehouse of this one; only the first one is closed. */
  /** `environment`: another than this one's. */
  renewed(environment?: string): Workspace {
    const renewed = new Workspace(this.dir, this.options, this.first ?? this);
    renewed.elsewhere = environment;
    return renewed;
  }

  /** The definitions of a commit over the data, outputs, secrets and state of this project. */
  atCommit(committed: Committed): Workspace {
    const there = this.renewed(committed.environment.name);
    there.committed = committed;
    there.environmentOnce = committed.environment;
    return there;
  }

  /** Where definitions are read: `dir`, but for those of a commit that is not checked out. */
  get codeDir(): string {
    return this.committed?.codeDir ?? this.dir;
  }

  /** The git branch whose definitions these are; null outside of one. */
  branch(): string | null {
    return this.committed === undefined ? (gitBranch(this.dir) ?? null) : this.committed.branch;
  }

  /** Another state of the project, in `dir`, with the state and the warehouse of this one. */
  at(dir: string): Workspace {
    return new Workspace(dir, this.options, this.first ?? this);
  }

  /** The project with all its definitions. @throws all errors of the project in one. */
  async project(): Promise<Project> {
    const project = await this.projectWithErrors();
    if (project.errors.length > 0) throw combineErrors("MR1001", project.errors);
    return project;
  }

  /** The project of the same files as another one has read it; before anything asks for it. */
  takeProject(project: Project): void {
    this.projectOnce ??= this.loadParts().then((parts) => {
      this.loadedParts = parts;
      return project;
    });
  }

  /** The project as far as it can be read; what is wrong is in its `errors`. */
  async projectWithErrors(): Promise<Project> {
    this.projectOnce ??= this.readProject();
    return this.projectOnce;
  }

  /** The same, read while DuckDB opens the warehouse in a thread of its own. @throws as `warehouse`. */
  async projectWithWarehouse(): Promise<Project> {
    this.asksPlaces = true;
    await this.config(); // a millrace.config.ts is not loaded twice at once
    const [project] = await Promise.all([this.projectWithErrors(), this.warehouse()]);
    return project;
  }

  private async readProject(): Promise<Project> {
    const [{ readProject }, parts] = await Promise.all([import("../project/read.ts"), this.loadParts()]);
    this.loadedParts = parts;
    const project = await this.withTables(await readProject(this.codeDir, readOptions(parts)), parts);
    const first = this.first ?? this;
    first.projectRead = project;
    if (this.committed === undefined && this.dir === first.dir) first.readLately = { project, atMs: performance.now() };
    return project;
  }

  /** The project as it was read a moment ago, for what is asked again and again and tells of files only in passing. @throws as `project` */
  async projectLately(): Promise<Project> {
    const first = this.first ?? this;
    const { readLately } = first;
    const isPlain = this.committed === undefined && this.dir === first.dir;
    const isOld = readLately === undefined || performance.now() - readLately.atMs > LATELY_MS || readLately.project.errors.length > 0;
    return isPlain && !isOld ? readLately.project : this.project();
  }

  /** With the tables of `tables:` as they are now where work is to be done, else as they are known. */
  private async withTables(project: Project, parts: Parts): Promise<Project> {
    const { places } = project;
    if (places.length === 0) return project;
    const [{ placeKey, readCatalogue }, { askPlaces }] = await Promise.all([
      import("../project/catalogue.ts"),
      import("./plan/catalogue.ts"),
    ]);
    const known = new Set(readCatalogue(this.codeDir).keys());
    const asked = this.asksPlaces ? places : places.filter((place) => !known.has(placeKey(place)));
    if (asked.length === 0) return project;
    const warehouse = await this.warehouse();
    const { errors, warnings } = await warehouse.session(({ connection }) =>
      askPlaces({
        dir: this.codeDir,
        config: project.config,
        places: asked,
        known,
        values: { env: process.env, secrets: this.secrets(), params: {} },
        connectors: parts.connectors,
        context: { tempDir: this.tempDir(), signal: this.signal, connection },
        onSecret: (secret) => this.useSecret(secret),
      }),
    );
    const { readProject } = await import("../project/read.ts");
    const now = await readProject(this.codeDir, readOptions(parts));
    return { ...now, errors: [...now.errors, ...errors], warnings: [...now.warnings, ...warnings] };
  }

  /** There once the project was read. */
  get parts(): Parts {
    assert(this.loadedParts !== undefined);
    return this.loadedParts;
  }

  /** millrace.yaml alone, for what needs no definitions. @throws all its errors in one. */
  async config(): Promise<ProjectSpec> {
    this.configOnce ??= this.readConfig();
    return this.configOnce;
  }

  private async readConfig(): Promise<ProjectSpec> {
    const errors: MillraceError[] = [];
    const loader = async () => (await import("../project/modules.ts")).createLoader(this.codeDir, { modules: "fresh" });
    const { config } = await readConfig({ dir: this.codeDir, cache: openCache(this.codeDir), errors, env: process.env, loader });
    if (errors.length > 0) throw combineErrors("MR1001", errors);
    return config;
  }

  /** What names mean here: `--env`, else what belongs to the git branch that is checked out. @throws MR1080 */
  async environment(): Promise<Environment> {
    if (this.first !== undefined && this.elsewhere === undefined) return this.first.environment();
    const config = await this.config();
    return (this.environmentOnce ??= environmentOf(config, {
      asked: this.elsewhere ?? this.options.env,
      branch: this.branch() ?? undefined,
    }));
  }

  /** The warehouse as this environment sees it. @throws as `commonWarehouse` */
  async warehouse(options: { readonly patienceMs?: number } = {}): Promise<Warehouse> {
    const [warehouse, { name }] = [await this.commonWarehouse(options), await this.environment()];
    if (name === PROD) return warehouse;
    const { warehouseOf } = await import("../sql/environments/warehouse.ts");
    return warehouseOf(warehouse, name);
  }

  /** The warehouse as prod sees it. `patienceMs`: how long another process may hold it, as `status` and `query` do for a moment. @throws what openWarehouse throws; the next call tries again. */
  async commonWarehouse({ patienceMs = LOCK_PATIENCE_MS }: { readonly patienceMs?: number } = {}): Promise<Warehouse> {
    if (this.first !== undefined) return this.first.commonWarehouse({ patienceMs });
    const config = await this.config();
    this.warehouseOnce ??= this.openPatiently(config, patienceMs).catch((error: unknown) => {
      this.warehouseOnce = undefined;
      throw error;
    });
    return this.warehouseOnce;
  }

  private async openPatiently(config: ProjectSpec, patienceMs: number): Promise<Warehouse> {
    // An engine holds it for as long as it lives.
    const until = performance.now() + (runningEngine(this.dir) === undefined ? patienceMs : 0);
    for (;;) {
      try {
        return await this.openWarehouse(config);
      } catch (error) {
        const mayPass = error instanceof MillraceError && error.code === "MR5001" && performance.now() < until;
        if (!mayPass || this.signal.aborted) throw error;
        await pause(LOCK_PAUSE_MS);
      }
    }
  }

  private async openWarehouse({ warehouse, retention }: ProjectSpec): Promise<Warehouse> {
    const { openWarehouse } = await import("../sql/warehouse.ts");
    const settings = warehouse?.duckdb;
    return openWarehouse({
      path: resolve(this.dir, settings?.path ?? ".millrace/warehouse.duckdb"),
      ...(settings?.memory === undefined ? {} : { memoryLimit: `${parseSizeBytes(settings.memory)}B` }),
      ...(settings?.threads === undefined ? {} : { threads: settings.threads }),
      ...(settings?.temp === undefined ? {} : { tempDirectory: resolve(this.dir, settings.temp) }),
      ...(retention?.versions === undefined ? {} : { versionsKept: retention.versions }),
    });
  }

  async store(): Promise<EventStore> {
    if (this.first !== undefined) return this.first.store();
    const config = await this.config();
    this.storeOnce ??= import("./state.ts").then(({ openState }) => openState(this.statePlace(config)));
    return this.storeOnce;
  }

  /** Milliseconds since 1970, by the clock of the state where several machines share it. */
  async now(): Promise<number> {
    return (await (await this.store()).now?.()) ?? Date.now();
  }

  /** The state was opened already, here or by the one that this one renewed. */
  hasState(): boolean {
    return (this.first ?? this).storeOnce !== undefined;
  }

  private statePlace(config: ProjectSpec): StatePlace {
    return { dir: this.dir, config, secrets: () => this.secrets(), useSecret: (secret) => this.useSecret(secret) };
  }

  /** What `doctor` can say of the state. */
  async stateDoctor(): Promise<DoctorAnswer["checks"]> {
    const { stateDoctor } = await import("./state.ts");
    return stateDoctor(this.statePlace(await this.config()));
  }

  /** `.millrace` or a folder in it, made when it is not there. */
  stateDir(name = ""): string {
    const path = join(this.dir, ".millrace", name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** Where this process may put temporary files; see ./temp.ts. */
  tempDir(): string {
    if (this.first !== undefined) return this.first.tempDir();
    return (this.tempOnce ??= openTemp(this.stateDir("temp")));
  }

  /** Names and values of secrets.env. */
  secrets(): ReadonlyMap<string, string> {
    if (this.secretsOnce !== undefined) return this.secretsOnce;
    this.secretsOnce = readSecrets(this.dir);
    for (const secret of this.secretsOnce.values()) this.first?.useSecret(secret);
    return this.secretsOnce;
  }

  /** Everything that must not show in a log. */
  secretValues(): readonly string[] {
    return [...this.secrets().values(), ...this.usedSecrets];
  }

  /** A text without secrets, for logs and messages. */
  redact(text: string): string {
    const secrets = this.secrets().size + this.usedSecrets.size;
    if (this.redactor?.secrets !== secrets) this.redactor = { secrets, redact: createRedactor(this.secretValues()) };
    return this.redactor.redact(text);
  }

  /** Names that stand in `${secret:…}` anywhere in the project; none before it was read. */
  secretNames(): readonly string[] {
    const { config, nodes, jobs } = this.projectRead ?? { config: {}, nodes: [], jobs: [] };
    return secretNamesIn([config, nodes, jobs]);
  }

  /** Notes a secret that came from the environment. */
  useSecret(secret: string): void {
    this.usedSecrets.add(secret);
    this.first?.useSecret(secret); // logs are redacted by what the first one knows
  }

  async close(): Promise<void> {
    await (await this.storeOnce?.catch(() => undefined))?.close();
    (await this.warehouseOnce?.catch(() => undefined))?.close();
    if (this.tempOnce !== undefined) closeTemp(this.tempOnce);
  }
}

/** What a reader of projects must know of the concrete parts. */
export function readOptions(parts: Parts): ReadOptions {
  return {
    connectors: mapValues(parts.connectors, (connector) => connector.options),
    validateChecks: (entries, place, own) => parts.compileChecks(entries, place, own).errors,
    materializations: parts.materializations,
    engines: parts.engines,
    env: process.env,
  };
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, change: (value: From) => To): Readonly<Record<string, To>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
