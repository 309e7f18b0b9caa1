// The way to a server: settings of the connection and the source together, a client whose session writes values in one form whatever the server's defaults.
import type { Client, ClientConfig } from "pg";
import { MillraceError } from "../../model/errors.ts";
import { withConnection } from "../../databases/options.ts";
import type { ReadContext } from "../../load/connector.ts";
import { postgresFailure } from "./failure.ts";
import type { PostgresOptions } from "./options.ts";

const CONNECT_TIMEOUT_MS = 15_000;
const PORT = 5432;
/** What values look like as text, and no limits of the server's own on how long we may take. */
const SESSION = `set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres'; set extra_float_digits = 1;
set bytea_output = 'hex'; set xmlbinary = 'base64'; set statement_timeout = 0; set idle_in_transaction_session_timeout = 0`;

/** A server, and how to speak of it. */
export interface Server {
  /** Without who and with what password. */
  readonly place: string;
  readonly secrets: readonly string[];
  /** @throws MR4800, MR4801. */
  connect(): Promise<Client>;
  /** What was thrown, as an error of ours. */
  failure(error: unknown, doing: string): MillraceError;
}

/** @throws MR4806 when address and connection lack something. */
export function serverOf(options: Partial<PostgresOptions>, context: Pick<ReadContext, "connections">): Server {
  const settings = withConnection(options, context.connections);
  const { url, place, secrets } = addressOf(settings);
  const config: ClientConfig = {
    ...(url === null
      ? {
          host: settings.host ?? "localhost",
          port: settings.port ?? PORT,
          database: settings.database ?? settings.user ?? "postgres",
          ...(settings.user === undefined ? {} : { user: settings.user }),
          ...(settings.password === undefined ? {} : { password: settings.password }),
        }
      : { connectionString: url }),
    ...(settings.ssl === undefined ? {} : { ssl: settings.ssl === "disable" ? false : { rejectUnauthorized: settings.ssl === "verify" } }),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    application_name: "millrace",
  };
  const failure = (error: unknown, doing: string): MillraceError => postgresFailure(error, place, doing, secrets);
  return {
    place,
    secrets,
    failure,
    async connect() {
      const { default: pg } = await import("pg");
      const client = new pg.Client(config);
      client.on("error", () => {}); // what was being done is told
      try {
        await client.connect();
        await client.query(SESSION);
        return client;
      } catch (error) {
        close(client);
        throw failure(error, "connecting");
      }
    },
  };
}

/** Ends a client without waiting for a server that may be gone. */
export function close(client: Client): void {
  client.end().catch(() => {});
  const { stream } = (client as unknown as { readonly connection: { readonly stream: { destroy(): void; destroyed: boolean } } })
    .connection;
  setTimeout(() => stream.destroy(), CLOSE_MS).unref();
}
const CLOSE_MS = 1_000;

function addressOf(settings: Partial<PostgresOptions>): {
  readonly url: string | null;
  readonly place: string;
  readonly secrets: readonly string[];
} {
  const own = settings.password === undefined || settings.password === "" ? [] : [settings.password];
  if (settings.url === undefined) {
    if (settings.host === undefined && settings.database === undefined) {
      throw new MillraceError({
        code: "MR4806",
        message: "postgres: there is no address",
        hint: 'add url: "${secret:DATABASE_URL}", or connection: NAME of one in millrace.yaml, or host, port, user, password and database',
      });
    }
    return {
      url: null,
      place: `postgres://${settings.host ?? "localhost"}:${settings.port ?? PORT}/${settings.database ?? ""}`,
      secrets: own,
    };
  }
  let url: URL;
  try {
    url = new URL(settings.url);
    if (!/^postgres(ql)?:$/.test(url.protocol)) throw new Error("another protocol");
  } catch {
    throw new MillraceError({ code: "MR4806", message: "postgres: `url` is not of the form postgres://user:password@host:5432/database" });
  }
  const written = [url.password, safeDecode(url.password), url.searchParams.get("password") ?? ""];
  const secrets = [...own, ...written].filter((secret) => secret !== "");
  return { url: settings.url, place: `postgres://${url.host}${url.pathname}`, secrets: [...new Set(secrets)] };
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
