// Makes a connector of a store of files: the store says how to reach it, everything else (patterns, archives, formats, identity, exports) is the same for all.
import * as z from "zod";
import type { Connector, Discovered, ReadContext } from "../load/connector.ts";
import { duration, parseDurationMs } from "../model/duration.ts";
import { MillraceError } from "../model/errors.ts";
import { deliver, filesOf, keptDelivery, stateOf, type FoundSource } from "./deliver.ts";
import { discoverIn } from "./discover.ts";
import { exportToStore } from "./export.ts";
import { SILENCE_MS } from "./fetch.ts";
import { findInStore, type Found } from "./find.ts";
import { fileOptions, type FileOptions } from "./options.ts";
import { RemoteFiles } from "./remote.ts";
import { Shelf } from "./shelf.ts";
import type { OpenFile } from "./source-file.ts";
import { peekFile } from "./stage.ts";
import type { FileStore } from "./store.ts";

export type StoreContext = Pick<ReadContext, "projectDir" | "tempDir" | "signal" | "log" | "since" | "position">;

export interface StoreDefinition<Settings> {
  /** Key in `from:` and `connections:`. */
  readonly name: string;
  readonly summary: string;
  /** Keys that say where the store is and who asks. Every one may stand in the connection too; what is required must stand in one of both. */
  readonly settings: z.ZodType<Settings> & { readonly shape: Readonly<Record<string, z.ZodType>> };
  readonly writes: "files" | "nothing";
  /** Connects lazily or at once. Throws MR330x. */
  open(settings: Settings, context: StoreContext): Promise<FileStore>;
  /** The path in the store of what the user wrote (`s3://bucket/a.csv`), patterns in it as they are; default: as written. Throws MR3305. */
  pathOf?(written: string, settings: Settings): string;
}

/** Options of a connector made by `storeConnector`: keys of files and formats, the settings, and these. */
export interface StoreOptions extends FileOptions {
  readonly connection?: string;
  readonly silence?: string;
}

const commonKeys = {
  connection: z.string().optional().describe("a connection of millrace.yaml whose keys are the defaults of these"),
  silence: duration.optional().describe("longest time in which nothing comes before a download is begun again where it ended; default 30s"),
};

/** The connector of a store. */
export function storeConnector<Settings>(definition: StoreDefinition<Settings>): Connector<StoreOptions> {
  const { name, summary, writes } = definition;
  const shape = Object.fromEntries(Object.entries(definition.settings.shape).map(([key, schema]) => [key, schema.optional()]));
  return {
    name,
    summary,
    options: fileOptions({ ...commonKeys, ...shape }),
    capabilities: { read: true, write: writes === "files" ? ["replace"] : [] },
    async *read(options, context) {
      const reach = await reachOf(definition, options, context);
      try {
        yield* deliver(await reach.found(), { options, tempDir: context.tempDir, signal: context.signal });
      } finally {
        await reach.close();
      }
    },
    kept: keptDelivery,
    async state(options, context) {
      const reach = await reachOf(definition, options, context);
      try {
        return stateOf(await reach.found());
      } finally {
        await reach.close();
      }
    },
    async peek(options, context) {
      const reach = await reachOf(definition, options, context);
      const shelf = new Shelf<OpenFile>();
      try {
        const [first] = await reach.found();
        if (first === undefined) return null;
        for await (const file of filesOf(first, { options, tempDir: context.tempDir, signal: context.signal }))
          return await peekFile(file, { options, tempDir: context.tempDir, shelf }, { connection: context.connection });
        return null;
      } finally {
        await shelf.close();
        await reach.close();
      }
    },
    ...(writes === "nothing"
      ? {}
      : {
          async write(options, context) {
            if (typeof options.path !== "string") {
              throw new MillraceError({ code: "MR3142", message: "an export is written to one file; `path` is a list" });
            }
            const reach = await reachOf(definition, options, context);
            try {
              return await exportToStore(reach.store, reach.pathOf(options.path), options, context);
            } finally {
              await reach.close();
            }
          },
        }),
    async test(options, context) {
      const reach = await reachOf(definition, { path: "", ...options }, context);
      try {
        return await reach.describe();
      } finally {
        await reach.close();
      }
    },
    async discover(options, context) {
      const reach = await reachOf(definition, { path: "", ...options }, context);
      try {
        return await reach.discover();
      } finally {
        await reach.close();
      }
    },
  };
}

interface Reach {
  readonly store: FileStore;
  pathOf(written: string): string;
  found(): Promise<readonly FoundSource[]>;
  describe(): Promise<string>;
  discover(): Promise<readonly Discovered[]>;
  close(): Promise<void>;
}

async function reachOf<Settings>(
  definition: StoreDefinition<Settings>,
  options: StoreOptions,
  context: Pick<ReadContext, keyof StoreContext | "connections">,
): Promise<Reach> {
  const settings = settingsOf(definition, options, context.connections);
  const connect = (): Promise<FileStore> => definition.open(settings, context);
  const { tempDir, signal } = context;
  const store = await connect();
  const silenceMs = (options.silence === undefined ? undefined : parseDurationMs(options.silence)) ?? SILENCE_MS;
  const remote = new RemoteFiles({ connect, tempDir, silenceMs, signal }, store);
  const pathOf = (written: string): string => definition.pathOf?.(written, settings) ?? written.replace(/^\/+/, "");
  return {
    store,
    pathOf,
    async found() {
      const found: readonly Found[] = await findInStore(store, { options, pathOf, signal });
      return found.map(({ file, inner }) => ({ file: remote.add(file), inner }));
    },
    async describe() {
      const written = [options.path].flat().filter((path) => path !== "");
      if (written.length === 0) {
        const some = await discoverIn(store, pathOf(""), signal);
        return some.files === 0
          ? `${store.origin} answers; there is no file`
          : `${store.origin} answers; there are ${some.isAll ? "" : "at least "}${some.files} files`;
      }
      const found = await findInStore(store, { options, pathOf, signal });
      return `${store.origin} answers; ${found.length} file${found.length === 1 ? "" : "s"} of that name`;
    },
    discover: async () => (await discoverIn(store, pathOf([options.path].flat()[0] ?? ""), signal)).found,
    close: () => remote.close(),
  };
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
    message: `${definition.name}: ${(issue?.path ?? []).join(".")}: ${issue?.message ?? "is wrong"}`,
  });
}
