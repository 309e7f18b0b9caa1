// Where engines keep their state and have their effects: a schema of a PostgreSQL, or a folder with SQLite files.
import { join } from "node:path";
import { openPostgresStore } from "../../src/store/postgres.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { EventStore } from "../../src/store/store.ts";

export type Place =
  | { readonly kind: "postgres"; readonly url: string; readonly schema: string }
  | { readonly kind: "sqlite"; readonly dir: string };

const POLL_MS = 200;

export async function openStore(place: Place): Promise<EventStore> {
  if (place.kind === "sqlite") return openSqliteStore(join(place.dir, "state.sqlite"));
  return openPostgresStore({ connection: { connectionString: place.url }, schema: place.schema, pollMs: POLL_MS });
}
