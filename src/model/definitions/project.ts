// The project itself as users write it: `millrace.yaml`, or the same keys in `millrace.config.ts` (PROJECT §2).
import * as z from "zod";
import { duration, size } from "../duration.ts";
import { breakerSpec, poolSpec, sharesSpec } from "./limits.ts";
import { isolationSpec } from "./isolation.ts";
import { retrySpec } from "./source.ts";

/** A connection is one connector's name with settings, `{ postgres: { url: … } }`; `breaker` may stand beside it. */
const connectionSpec = z.object({ breaker: breakerSpec.optional() }).catchall(z.record(z.string(), z.unknown()));

/** The settings of a connection, whatever its connector. */
export function connectorSettings(connection: z.infer<typeof connectionSpec>): Readonly<Record<string, unknown>> {
  const settings = Object.entries(connection).find(([key]) => key !== "breaker")?.[1];
  return settings === undefined || settings === false ? {} : settings;
}

const warehouseSpec = z.strictObject({
  duckdb: z
    .strictObject({
      path: z.string().optional(),
      memory: size.optional().describe("memory DuckDB may use; default: 80 % of the machine's"),
      threads: z.int().min(1).max(1024).optional(),
      temp: z.string().optional().describe("folder for what does not fit into memory"),
    })
    .optional(),
  ducklake: z.record(z.string(), z.unknown()).optional(),
  postgres: z.record(z.string(), z.unknown()).optional(),
  spark: z.record(z.string(), z.unknown()).optional(),
});

const postgresStateSpec = z
  .strictObject({
    url: z.string().optional().describe("postgres://user:password@host:port/database"),
    connection: z.string().optional().describe("a name in `connections:`, in place of `url`"),
    schema: z.string().min(1).max(50).optional().describe("where the tables stand, one per project; default: millrace"),
    ssl: z.enum(["disable", "require", "verify-full"]).optional().describe("default: what the url says"),
    ca: z.string().optional().describe("file with the authority that signed the server's certificate"),
    patience: duration.optional().describe("how long a lost database is waited for; default: 10m"),
  })
  .refine(({ url, connection }) => (url === undefined) !== (connection === undefined), { error: "needs url or connection, one of them" });

const stateSpec = z
  .strictObject({ sqlite: z.strictObject({ path: z.string().optional() }).optional(), postgres: postgresStateSpec.optional() })
  .refine(({ sqlite, postgres }) => sqlite === undefined || postgres === undefined, { error: "is in one place: sqlite or postgres" });
export type PostgresStateSpec = z.infer<typeof postgresStateSpec>;

const environmentSpec = z.strictObject({
  branches: z.array(z.string()).optional(),
  kind: z.enum(["serving", "research", "e2e"]).optional(),
  description: z.string().optional(),
  expires: duration.optional().describe("dropped when nobody has used it for so long"),
  sample: z
    .union([z.int().min(1), z.string().regex(/^\d+(\.\d+)?%$/, { error: "write a number of rows, or a share: 10%" })])
    .optional()
    .describe("of kind e2e: how many of prod's rows each source has"),
});

const deploySpec = z
  .strictObject({
    secret: z.string().min(1).describe("what the host of the repository signs its pushes with: ${secret:PUSH}"),
    branches: z
      .array(z.string().min(1))
      .optional()
      .describe("patterns of branches that are deployed: main, release/*, !wip/*; default: all"),
    path: z.string().startsWith("/").optional().describe("where `serve` takes pushes of GitHub, GitLab and Gitea; default: /hooks/push"),
    remote: z
      .string()
      .regex(/^[\w.][\w.-]*$/, { error: "write the name of a remote: origin" })
      .optional()
      .describe("what is fetched from; default: origin, where there is one"),
  })
  .describe("a push brings the environment of its branch to what was pushed");

const weekday = z.enum(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
const calendarSpec = z.strictObject({
  country: z.string().optional().describe("its public holidays are days off: US, DE, …"),
  state: z.string().optional().describe("of the country: CA, BY, …"),
  region: z.string().optional().describe("of the state; without one, the same as state"),
  holidays: z
    .array(z.enum(["public", "bank", "school", "optional", "observance"]))
    .optional()
    .describe("kinds of the country's holidays; default public and bank"),
  file: z.string().optional().describe("CSV of days off: date, or with a header date, name, working (true: a working day after all)"),
  dates: z.array(z.string()).optional().describe("further days off: 2026-12-24"),
  except: z.array(z.string()).optional().describe("working days after all"),
  on: z.array(weekday).min(1).optional().describe("weekdays on which is worked"),
  weekends: z.boolean().optional().describe("true: Saturday and Sunday are working days; false: they are days off"),
});
export type CalendarSpec = z.infer<typeof calendarSpec>;

export const projectSpec = z.strictObject({
  name: z.string().min(1).optional().describe("default: the name of the folder"),
  description: z.string().optional(),
  timezone: z.string().optional().describe("of schedules that say none, and of times in lists; default UTC"),
  connections: z.record(z.string(), connectionSpec).optional(),
  warehouse: warehouseSpec.optional(),
  state: stateSpec.optional(),
  environments: z.record(z.string(), environmentSpec).optional(),
  deploy: deploySpec.optional(),
  defaults: z
    .strictObject({
      retry: retrySpec.optional(),
      timeout: duration.optional(),
      isolation: isolationSpec.optional(),
      concurrency: z.int().min(1).max(1024).optional().describe("attempts in flight at once, over all runs"),
    })
    .optional(),
  pools: z.record(z.string(), poolSpec).optional(),
  shares: sharesSpec.optional(),
  calendars: z.record(z.string(), calendarSpec).optional(),
  alerts: z.array(z.record(z.string(), z.unknown())).optional(),
  retention: z
    .strictObject({ raw: duration.optional(), runs: duration.optional(), logs: duration.optional(), versions: z.int().min(1).optional() })
    .optional(),
});
export type ProjectSpec = z.infer<typeof projectSpec>;
