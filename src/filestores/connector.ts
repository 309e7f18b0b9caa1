// Makes a connector of a store of files: the store says how to reach it, everything else (patterns, archives, formats, identity, exports) is the same for all.
import * as z from "zod";
import type { Connector, ReadContext } from "../load/connector.ts";
import { MillraceError } from "../model/errors.ts";
import type { FileStore } from "./store.ts";

export interface StoreDefinition<Settings> {
  /** Key in `from:` and `connections:`. */
  readonly name: string;
  readonly summary: string;
  /** Keys that say where the store is and who asks. Every one may stand in the connection too; what is required must stand in one of both. */
  readonly settings: z.ZodType<Settings> & { readonly shape: Readonly<Record<string, z.ZodType>> };
  readonly writes: "files" | "nothing";
  /** Connects lazily or at once. Throws MR330x. */
  open(settings: Settings, context: Pick<ReadContext, "projectDir" | "tempDir" | "signal" | "log">): Promise<FileStore>;
}

export interface StoreOptions {
  readonly connection?: string;
  /** Path in the store, a pattern, or a list of them; members of archives after `!`. */
  readonly path: string | readonly string[];
  readonly [key: string]: unknown;
}

/** The settings of the connection with those of the source over them. Throws MR3305. */
export function settingsOf<Settings>(
  definition: Pick<StoreDefinition<Settings>, "name" | "settings">,
  options: Readonly<Record<string, unknown>>,
  connections: ReadContext["connections"],
): Settings {
  const name = options["connection"];
  const defaults = typeof name === "string" ? (connections[name] ?? {}) : {};
  const given: Record<string, unknown> = {};
  for (const key of Object.keys(definition.settings.shape)) {
    const value = options[key] ?? defaults[key];
    if (value !== undefined) given[key] = value;
  }
  const parsed = definition.settings.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new MillraceError({
    code: "MR3305",
    message: `${definition.name}: ${[...(issue?.path ?? [])].join(".")}: ${issue?.message ?? "is wrong"}`,
  });
}

/** The connector of a store. */
export function storeConnector<Settings>(definition: StoreDefinition<Settings>): Connector<StoreOptions> {
  return {
    name: definition.name,
    summary: definition.summary,
    options: z.looseObject({ path: z.union([z.string(), z.array(z.string())]) }),
    capabilities: { read: true, write: definition.writes === "files" ? ["replace"] : [] },
  };
}
