// What an operation works on: the project in a folder with its warehouse and its state, each opened when it is first needed and closed once.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { findProject } from "../project/find.ts";
import { openCache } from "../project/cache.ts";
import { readConfig } from "../project/config.ts";
import type { Project, ReadOptions } from "../project/reader.ts";
import { secretNamesIn } from "../project/placeholders.ts";
import { readSecrets } from "../project/secrets.ts";
import { openWarehouse, type Warehouse } from "../sql/warehouse.ts";
import type { EventStore } from "../store/store.ts";
import { parseSizeBytes } from "../model/duration.ts";
import type { ProjectSpec } from "../model/definitions/project.ts";
import { combineErrors, type MillraceError } from "../model/errors.ts";
import type { Parts } from "./parts.ts";

export interface WorkspaceOptions {
  readonly dir: string;
  readonly env: string | undefined;
  /** Called once, when the project is first read. */
  readonly parts: () => Promise<Parts>;
  readonly signal: AbortSignal;
}

export class Workspace {
  readonly dir: string;
  readonly signal: AbortSignal;
  private readonly loadParts: () => Promise<Parts>;
  private loadedParts: Parts | undefined;
  private configOnce: Promise<ProjectSpec> | undefined;
  private projectOnce: Promise<Project> | undefined;
  private projectRead: Project | undefined;
  private warehouseOnce: Promise<Warehouse> | undefined;
  private readonly usedSecrets = new Set<string>();
  private secretsOnce: ReadonlyMap<string, string> | undefined;
  private storeOnce: Promise<EventStore> | undefined;

  private constructor(dir: string, options: WorkspaceOptions) {
    this.dir = dir;
    this.loadParts = options.parts;
    this.signal = options.signal;
  }

  /** @throws MR1001 when there is no project in the folder or above it. */
  static open(options: WorkspaceOptions): Workspace {
    return new Workspace(findProject(options.dir), options);
  }

  /** The project with all its definitions. @throws all errors of the project in one. */
  async project(): Promise<Project> {
    const project = await this.projectWithErrors();
    if (project.errors.length > 0) throw combineErrors("MR1001", project.errors);
    return project;
  }

  /** The project as far as it can be read; what is wrong is in its `errors`. */
  async projectWithErrors(): Promise<Project> {
    this.projectOnce ??= this.readProject();
    return this.projectOnce;
  }

  /** The same, read while DuckDB opens the warehouse in a thread of its own. @throws as `warehouse`. */
  async projectWithWarehouse(): Promise<Project> {
    await this.config(); // a millrace.config.ts is not loaded twice at once
    const [project] = await Promise.all([this.projectWithErrors(), this.warehouse()]);
    return project;
  }

  private async readProject(): Promise<Project> {
    const [{ readProject }, parts] = await Promise.all([import("../project/read.ts"), this.loadParts()]);
    this.loadedParts = parts;
    this.projectRead = await readProject(this.dir, readOptions(parts));
    return this.projectRead;
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
    const loader = async () => (await import("../project/modules.ts")).createLoader(this.dir, { modules: "fresh" });
    const { config } = await readConfig({ dir: this.dir, cache: openCache(this.dir), errors, env: process.env, loader });
    if (errors.length > 0) throw combineErrors("MR1001", errors);
    return config;
  }

  async warehouse(): Promise<Warehouse> {
    const { warehouse, retention } = await this.config();
    const settings = warehouse?.duckdb;
    this.warehouseOnce ??= openWarehouse({
      path: resolve(this.dir, settings?.path ?? ".millrace/warehouse.duckdb"),
      ...(settings?.memory === undefined ? {} : { memoryLimit: `${parseSizeBytes(settings.memory)}B` }),
      ...(settings?.threads === undefined ? {} : { threads: settings.threads }),
      ...(settings?.temp === undefined ? {} : { tempDirectory: resolve(this.dir, settings.temp) }),
      ...(retention?.versions === undefined ? {} : { versionsKept: retention.versions }),
    });
    return this.warehouseOnce;
  }

  async store(): Promise<EventStore> {
    const settings = (await this.config()).state?.sqlite;
    this.storeOnce ??= import("../store/sqlite.ts").then(({ openSqliteStore }) =>
      openSqliteStore(resolve(this.dir, settings?.path ?? ".millrace/state.sqlite")),
    );
    return this.storeOnce;
  }

  /** `.millrace` or a folder in it, made when it is not there. */
  stateDir(name = ""): string {
    const path = join(this.dir, ".millrace", name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** Names and values of secrets.env. */
  secrets(): ReadonlyMap<string, string> {
    this.secretsOnce ??= readSecrets(this.dir);
    return this.secretsOnce;
  }

  /** Everything that must not show in a log. */
  secretValues(): readonly string[] {
    return [...this.secrets().values(), ...this.usedSecrets];
  }

  /** Names that stand in `${secret:…}` anywhere in the project; none before it was read. */
  secretNames(): readonly string[] {
    const { config, nodes, jobs } = this.projectRead ?? { config: {}, nodes: [], jobs: [] };
    return secretNamesIn([config, nodes, jobs]);
  }

  /** Notes a secret that came from the environment. */
  useSecret(secret: string): void {
    this.usedSecrets.add(secret);
  }

  async close(): Promise<void> {
    await (await this.storeOnce?.catch(() => undefined))?.close();
    (await this.warehouseOnce?.catch(() => undefined))?.close();
  }
}

/** What a reader of projects must know of the concrete parts. */
export function readOptions(parts: Parts): ReadOptions {
  return {
    connectors: mapValues(parts.connectors, (connector) => connector.options),
    validateChecks: (entries, place, own) => parts.compileChecks(entries, place, own).errors,
    materializations: parts.materializations,
    env: process.env,
  };
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, change: (value: From) => To): Readonly<Record<string, To>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
