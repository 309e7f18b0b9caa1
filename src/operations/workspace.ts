// What an operation works on: the project in a folder with its warehouse and its state, each opened when it is first needed and closed once.
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { findProject } from "../project/find.ts";
import { readProject, type Project } from "../project/read.ts";
import { openWarehouse, type Warehouse } from "../sql/warehouse.ts";
import type { RunStore } from "../store/port.ts";
import { openSqliteStore } from "../store/sqlite.ts";
import { parseSizeBytes } from "../model/duration.ts";
import { combineErrors } from "../model/errors.ts";
import type { Parts } from "./parts.ts";

export interface WorkspaceOptions {
  readonly dir: string;
  readonly env: string | undefined;
  readonly parts: Parts;
  readonly signal: AbortSignal;
}

export class Workspace {
  readonly dir: string;
  readonly parts: Parts;
  readonly signal: AbortSignal;
  private projectOnce: Promise<Project> | undefined;
  private warehouseOnce: Promise<Warehouse> | undefined;
  private storeOnce: Promise<RunStore> | undefined;

  private constructor(dir: string, options: WorkspaceOptions) {
    this.dir = dir;
    this.parts = options.parts;
    this.signal = options.signal;
  }

  /** @throws MR1001 when there is no project in the folder or above it. */
  static open(options: WorkspaceOptions): Workspace {
    return new Workspace(findProject(options.dir), options);
  }

  /** The project with all its definitions. @throws all errors of the project in one. */
  async project(): Promise<Project> {
    this.projectOnce ??= readProject(this.dir, { connectors: this.parts.connectors, checks: this.parts.checkNames });
    const project = await this.projectOnce;
    if (project.errors.length > 0) throw combineErrors("MR1002", project.errors);
    return project;
  }

  async warehouse(): Promise<Warehouse> {
    const settings = (await this.project()).config.warehouse?.duckdb;
    this.warehouseOnce ??= openWarehouse({
      path: resolve(this.dir, settings?.path ?? ".millrace/warehouse.duckdb"),
      ...(settings?.memory === undefined ? {} : { memoryLimit: `${parseSizeBytes(settings.memory)}B` }),
      ...(settings?.threads === undefined ? {} : { threads: settings.threads }),
      ...(settings?.temp === undefined ? {} : { tempDirectory: resolve(this.dir, settings.temp) }),
    });
    return this.warehouseOnce;
  }

  async store(): Promise<RunStore> {
    const settings = (await this.project()).config.state?.sqlite;
    this.storeOnce ??= openSqliteStore(resolve(this.dir, settings?.path ?? ".millrace/state.sqlite"));
    return this.storeOnce;
  }

  /** `.millrace` or a folder in it, made when it is not there. */
  stateDir(name = ""): string {
    const path = join(this.dir, ".millrace", name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  async close(): Promise<void> {
    await (await this.storeOnce?.catch(() => undefined))?.close();
    (await this.warehouseOnce?.catch(() => undefined))?.close();
  }
}
