// The warehouse as an environment sees it: in its sessions the names of assets mean what the environment has of its own, and where it has nothing, prod's.
//   V1. A database in memory holds a view for each asset of the environment's own; the search path asks it before the warehouse, schema by schema.
//   V2. Our own schemas are found as ever, and what is created lands in the warehouse: the first place of the path is one that no asset has, and of our own
//       schemas only the one with the rows of assets stands on it (what is created there names the warehouse).
//   V3. What is on the path is brought up to date before each use of a session; a transaction sees what was there when it began.
import { environmentSchema, plainAssetSql } from "../../model/environment.ts";
import type { NodeId } from "../../model/graph.ts";
import { DATA_SCHEMA, ROWS_SCHEMA } from "../ledger/ledger.ts";
import { Session } from "../session.ts";
import { ident, literal, qualified } from "../text.ts";
import { Warehouse } from "../warehouse.ts";

const known = new WeakMap<Warehouse, Map<string, EnvironmentWarehouse>>();
let opened = 0;

/** The same for each question; closed with `warehouse`. */
export function warehouseOf(warehouse: Warehouse, environment: string): EnvironmentWarehouse {
  let all = known.get(warehouse);
  if (all === undefined) known.set(warehouse, (all = new Map()));
  let found = all.get(environment);
  if (found === undefined) all.set(environment, (found = warehouse.welcome(new EnvironmentWarehouse(warehouse, environment))));
  return found;
}

export class EnvironmentWarehouse extends Warehouse {
  readonly environment: string;
  private readonly base: Warehouse;
  private readonly scope = `_millrace_environment_${++opened}`;
  /** Assets that are about to get a version of their own. */
  private readonly prepared = new Set<NodeId>();
  /** What the database in memory shows: asset → ledger key. */
  private shown = new Map<NodeId, string>();
  private readonly schemas = new Set<string>([ROWS_SCHEMA]);
  private readonly paths = new WeakMap<Session, string>();
  private catalog: string | undefined;
  private last: Promise<unknown> = Promise.resolve();

  constructor(base: Warehouse, environment: string) {
    super(base.path, base.instance);
    this.base = base;
    this.environment = environment;
  }

  /** Before the first own version of an asset is built: its name means the environment's, so that its checks see what they are to check. */
  async prepare(asset: NodeId): Promise<void> {
    if (this.prepared.has(asset)) return;
    const dot = asset.indexOf(".");
    const [schema, name] = [asset.slice(0, dot), asset.slice(dot + 1)];
    const own = environmentSchema(schema, this.environment);
    await this.base.transaction(async (tx) => {
      const seen = await tx.rows<{ schema_name: string }>(
        `select schema_name from duckdb_views() where database_name = current_database() and view_name = $1 and schema_name in ($2, $3)`,
        [name, schema, own],
      );
      const has = (wanted: string): boolean => seen.some(({ schema_name: found }) => found === wanted);
      if (has(own)) return;
      await tx.run(`create schema if not exists ${ident(schema)}; create schema if not exists ${ident(own)}`);
      const from = has(schema) ? `select * from ${qualified(schema, name)}` : "select null as nothing where false";
      await tx.run(`create view ${qualified(own, name)} as ${from}`);
    });
    this.prepared.add(asset);
  }

  /** A schema in memory that stands before the warehouse's on the search path. */
  async ownSchema(): Promise<string> {
    await this.session(async () => undefined); // the first session makes it
    return qualified(this.scope, ROWS_SCHEMA);
  }

  /** What it was to have of its own it has, or not: the ledger says. */
  forget(): void {
    this.prepared.clear();
  }

  override close(): void {
    this.base.close();
  }

  protected override async connect(): Promise<Session> {
    return new Session(await this.instance.connect(), undefined, this.environment);
  }

  protected override async acquire(): Promise<Session> {
    const session = await super.acquire();
    try {
      const turn = this.last.then(() => this.bringUpToDate(session));
      this.last = turn.catch(() => undefined);
      await turn;
      return session;
    } catch (error) {
      this.release(session);
      throw error;
    }
  }

  private async bringUpToDate(session: Session): Promise<void> {
    if (this.catalog === undefined) {
      const row = await session.row<{ name: string }>("select current_database() as name");
      await session.run(`attach ':memory:' as ${ident(this.scope)}; create schema ${qualified(this.scope, ROWS_SCHEMA)}`);
      this.catalog = row!.name;
    }
    const rows = await session.rows<{ asset: string; key: string }>(
      // What stands on a server has no view in the warehouse.
      `select ${plainAssetSql("asset")} as asset, asset as key from _millrace.environments e where environment = $1
         and not exists (select 1 from _millrace.versions v where v.kind = 'remote' and v.asset = e.asset and v.version = e.version)`,
      [this.environment],
    );
    const wanted = new Map([...this.prepared].map((asset) => [asset, asset]));
    for (const { asset, key } of rows) if (asset.includes(".")) wanted.set(asset, key);
    await this.show(session, wanted);
    const path = this.searchPath();
    if (this.paths.get(session) === path) return;
    await session.run(`set search_path = ${literal(path)}`);
    this.paths.set(session, path);
  }

  /** V1. */
  private async show(session: Session, wanted: ReadonlyMap<NodeId, string>): Promise<void> {
    const changed = [...wanted].filter(([asset, key]) => this.shown.get(asset) !== key);
    const gone = [...this.shown.keys()].filter((asset) => !wanted.has(asset));
    if (changed.length === 0 && gone.length === 0) return;
    const statements: string[] = [];
    for (const [asset, key] of changed) {
      const [schema, name] = parts(asset);
      if (!this.schemas.has(schema)) {
        statements.push(`create schema if not exists ${qualified(this.scope, schema)}`);
        // The path names both, so that what others have there is found.
        await this.base.session((base) => base.run(`create schema if not exists ${ident(schema)}`));
        this.schemas.add(schema);
      }
      const own = qualified(this.catalog!, environmentSchema(schema, this.environment), name);
      statements.push(`create or replace view ${qualified(this.scope, schema, name)} as from ${own}`);
      const rows = qualified(this.scope, ROWS_SCHEMA, asset);
      // What is only prepared has no rows of its own yet.
      statements.push(
        asset === key
          ? `drop view if exists ${rows}`
          : `create or replace view ${rows} as from ${qualified(this.catalog!, ROWS_SCHEMA, key)}`,
      );
    }
    for (const asset of gone)
      for (const view of [parts(asset), [ROWS_SCHEMA, asset]]) statements.push(`drop view if exists ${qualified(this.scope, ...view)}`);
    await session.run(statements.join(";\n"));
    this.shown = new Map(wanted);
  }

  /** V2. */
  private searchPath(): string {
    const own = [...this.schemas].toSorted().flatMap((schema) => [qualified(this.scope, schema), qualified(this.catalog!, schema)]);
    return [qualified(this.catalog!, DATA_SCHEMA), ...own, qualified(this.catalog!, "main")].join(",");
  }
}

function parts(asset: NodeId): [schema: string, name: string] {
  const dot = asset.indexOf(".");
  return [asset.slice(0, dot), asset.slice(dot + 1)];
}
