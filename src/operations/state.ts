// Where the state of runs is kept, as `state:` in millrace.yaml says: a SQLite file, or PostgreSQL for several engines.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { ClientConfig } from "pg";
import type { DoctorAnswer } from "../model/answers.ts";
import type { PostgresStateSpec, ProjectSpec } from "../model/definitions/project.ts";
import { parseDurationMs } from "../model/duration.ts";
import { asMillraceError, MillraceError, messageOf } from "../model/errors.ts";
import { resolvePlaceholders } from "../project/placeholders.ts";
import type { PostgresStoreOptions } from "../store/postgres.ts";
import type { EventStore } from "../store/store.ts";

export interface StatePlace {
  readonly dir: string;
  readonly config: ProjectSpec;
  secrets(): ReadonlyMap<string, string>;
  /** Told of what must not show in a log. */
  useSecret(secret: string): void;
  /** Told when the database is lost, and with null when it is back. */
  onState?(lost: MillraceError | null): void;
}

/** Errors: those of the stores; MR105x for placeholders, MR6032 for a connection that is not there. */
export async function openState(place: StatePlace): Promise<EventStore> {
  const { dir, config } = place;
  if (config.state?.postgres === undefined) {
    const { openSqliteStore } = await import("../store/sqlite.ts");
    return openSqliteStore(resolve(dir, config.state?.sqlite?.path ?? ".millrace/state.sqlite"));
  }
  const options = postgresOptions(place, config.state.postgres);
  const { openPostgresStore } = await import("../store/postgres.ts");
  return openPostgresStore(options);
}

/** Several engines may work on this state: attempts hold leases, the dead are found by their silence. */
export function isShared(config: ProjectSpec): boolean {
  return config.state?.postgres !== undefined;
}

function postgresOptions(place: StatePlace, written: PostgresStateSpec): PostgresStoreOptions {
  const values = { env: process.env, secrets: place.secrets(), params: {} };
  const onSecret = (secret: string): void => place.useSecret(secret);
  const settings = resolvePlaceholders(written, values, { onSecret });
  const { ssl, ca, schema, patience } = settings;
  const connection: ClientConfig = { connectionString: settings.url ?? connectionUrl(place, settings.connection!, { values, onSecret }) };
  const password = passwordOf(connection.connectionString!);
  if (password !== undefined) place.useSecret(password);
  const tls = { ...(ca === undefined ? {} : { ca: readFileSync(resolve(place.dir, ca), "utf8") }), rejectUnauthorized: ssl !== "require" };
  if (ssl !== undefined || ca !== undefined) connection.ssl = ssl === "disable" ? false : tls;
  return {
    connection,
    schema,
    ...(patience === undefined ? {} : { patienceMs: parseDurationMs(patience)! }),
    onState: (lost) => place.onState?.(lost),
  };
}

interface Resolving {
  readonly values: Parameters<typeof resolvePlaceholders>[1];
  readonly onSecret: (secret: string) => void;
}

function connectionUrl({ config }: StatePlace, name: string, { values, onSecret }: Resolving): string {
  const found = config.connections?.[name]?.["postgres"];
  const url = found === undefined ? undefined : resolvePlaceholders(found, values, { onSecret })["url"];
  if (typeof url === "string") return url;
  throw new MillraceError({
    code: "MR6032",
    message: found === undefined ? `state: no connection ${name} of postgres` : `state: the connection ${name} has no url`,
    hint: `connections: { ${name}: { postgres: { url: "postgres://…" } } }`,
  });
}

function passwordOf(url: string): string | undefined {
  try {
    const { password } = new URL(url);
    return password === "" ? undefined : decodeURIComponent(password);
  } catch {
    return undefined;
  }
}

/** What `doctor` can say of a state in PostgreSQL: whether it can be opened, how long a question takes, who works on it. Never throws. */
export async function stateDoctor(place: StatePlace): Promise<DoctorAnswer["checks"]> {
  if (!isShared(place.config)) return [];
  const name = "state database";
  try {
    const store = await openState(place);
    try {
      const before = performance.now();
      const engines = await store.engines.list();
      const took = (performance.now() - before).toFixed(1);
      return [
        {
          name,
          status: "ok",
          detail: `answers in ${took} ms, ${engines.length} ${engines.length === 1 ? "engine" : "engines"} entered`,
          fix: null,
        },
      ];
    } finally {
      await store.close();
    }
  } catch (error) {
    const { code, hint } = asMillraceError(error);
    return [{ name, status: "failed", detail: `${code} ${messageOf(error)}`, fix: hint ?? `millrace explain ${code}` }];
  }
}
