// What users write behind `singer:`, in sources and exports, and what becomes of it.
import * as z from "zod";
import { duration, parseDurationMs } from "../../model/duration.ts";
import { MillraceError } from "../../model/errors.ts";

const SILENCE_MS = 3_600_000;

export const singerOptions = z.strictObject({
  connection: z.string().optional().describe("a connection of millrace.yaml whose keys are the defaults of these"),
  command: z
    .union([z.string().min(1), z.array(z.string()).min(1)])
    .optional()
    .describe("the tap or target with its arguments; no shell stands between"),
  config: z.record(z.string(), z.unknown()).optional().describe("given to it as a file that only it can read, gone afterwards"),
  env: z.record(z.string(), z.string()).optional().describe("variables of its environment"),
  stream: z.string().min(1).optional().describe("the stream to load, or the name under which rows are sent"),
  catalog: z
    .union([z.enum(["discover", "none"]), z.record(z.string(), z.unknown())])
    .optional()
    .describe("discover: the tap is asked; none: it is started without; or the catalog itself"),
  catalogFlag: z.enum(["--catalog", "--properties"]).optional().describe("older taps want --properties"),
  metadata: z.record(z.string(), z.unknown()).optional().describe("for the stream in the catalog: replication-method, replication-key"),
  otherOutput: z.enum(["refuse", "log"]).optional().describe("lines on stdout that are no messages"),
  silence: duration.optional().describe("a program that says nothing for so long has failed; default 1h"),
  activateVersion: z.boolean().optional().describe("export: this target replaces a table by ACTIVATE_VERSION"),
  acknowledge: z.enum(["state", "exit"]).optional().describe("export: what says that all rows are safe; default state"),
});
export type SingerOptions = z.infer<typeof singerOptions>;

export interface SingerSettings {
  readonly command: readonly string[];
  readonly config: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string>>;
  readonly silenceMs: number;
  /** Values that no message may show. */
  readonly secrets: readonly string[];
}

/** @throws MR4710. */
export function settingsOf(
  given: Partial<SingerOptions>,
  connections: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): { readonly options: Partial<SingerOptions>; readonly settings: SingerSettings } {
  const options = withDefaults(given, connections);
  const { command } = options;
  if (command === undefined) throw new MillraceError({ code: "MR4710", message: "singer: `command` is missing" });
  const config = options.config ?? {};
  const env = options.env ?? {};
  return {
    options,
    settings: {
      command: typeof command === "string" ? command.trim().split(/\s+/) : command,
      config,
      env,
      silenceMs: options.silence === undefined ? SILENCE_MS : (parseDurationMs(options.silence) ?? SILENCE_MS),
      secrets: [...secretsIn(config), ...Object.entries(env).flatMap(([name, value]) => (isSecretName(name) ? [value] : []))].filter(
        (secret) => secret.length > 3,
      ),
    },
  };
}

/** @throws MR4710. */
export function streamOf(options: Partial<SingerOptions>): string {
  if (options.stream === undefined) throw new MillraceError({ code: "MR4710", message: "singer: `stream` is missing" });
  return options.stream;
}

function withDefaults(
  given: Partial<SingerOptions>,
  connections: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): Partial<SingerOptions> {
  if (given.connection === undefined) return given;
  const named = connections[given.connection];
  if (named === undefined) throw new MillraceError({ code: "MR4710", message: `singer: there is no connection ${given.connection}` });
  const { connector: _connector, type: _type, ...rest } = named;
  const parsed = singerOptions.partial().safeParse(rest);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new MillraceError({ code: "MR4710", message: `connection ${given.connection}: ${issue?.path.join(".")}: ${issue?.message}` });
  }
  return { ...parsed.data, ...given, config: { ...parsed.data.config, ...given.config }, env: { ...parsed.data.env, ...given.env } };
}

function isSecretName(name: string): boolean {
  return /secret|token|passw|pwd|key|credential|auth|dsn|url|uri/i.test(name);
}

/** Texts below keys that sound like secrets; a config is the tap's own, so nobody can tell for sure. */
function secretsIn(value: unknown, isSecret = false): string[] {
  if (typeof value === "string") return isSecret ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => secretsIn(inner, isSecret || isSecretName(key)));
}
