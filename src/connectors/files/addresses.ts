// Paths of one source, files of this machine and addresses mixed, in the order they were written.
import type { ReadContext } from "../../load/connector.ts";
import { parseDurationMs } from "../../model/duration.ts";
import { MillraceError } from "../../model/errors.ts";
import { unfoldBraces } from "../../platform/glob.ts";
import { splitMembers } from "../../filestores/archives/names.ts";
import { withAttempts } from "../../filestores/attempts.ts";
import type { FoundSource } from "../../filestores/deliver.ts";
import { SILENCE_MS } from "../../filestores/fetch.ts";
import { RemoteFiles } from "../../filestores/remote.ts";
import type { FileStore, StoredFile } from "../../filestores/store.ts";
import { shownUrl } from "../../filestores/shown-url.ts";
import { isAddress, openWeb } from "../../filestores/web.ts";
import { localSources } from "./local.ts";
import type { FilesOptions } from "./options.ts";

export interface Sources {
  readonly found: readonly FoundSource[];
  readonly close: () => Promise<void>;
}

/** Whoever calls closes. Throws MR31xx for files, MR33xx for addresses. */
export async function sourcesOf(options: FilesOptions, context: Pick<ReadContext, "projectDir" | "tempDir" | "signal">): Promise<Sources> {
  const { projectDir, tempDir, signal } = context;
  const { headers = {}, optional = false } = options;
  const connect = () => Promise.resolve(openWeb({ headers }));
  const silenceMs = (options.silence === undefined ? undefined : parseDurationMs(options.silence)) ?? SILENCE_MS;
  const nameOf = (file: { readonly path: string }): string => shownUrl(new URL(file.path));
  const store = await connect();
  const remote = new RemoteFiles({ connect, nameOf, tempDir, silenceMs, signal }, store);
  const found: FoundSource[] = [];
  for (const path of [options.path].flat()) {
    if (isAddress(path)) {
      const { outer, inner } = splitMembers(path);
      for (const address of unfoldBraces(outer)) {
        const file = await lookAt(store, address, signal);
        if (file !== null) found.push({ file: remote.add(file), inner });
        else if (!optional) throw new MillraceError({ code: "MR3100", message: `${shownUrl(new URL(address))} does not exist` });
      }
    } else found.push(...(await localSources({ path, optional }, projectDir)));
  }
  return { found, close: () => remote.close() };
}

async function lookAt(store: FileStore, address: string, signal: AbortSignal): Promise<StoredFile | null> {
  if (!URL.canParse(address)) throw new MillraceError({ code: "MR3305", message: "files: a path that begins like an address is none" });
  if (/[*]/.test(new URL(address).pathname)) {
    throw new MillraceError({
      code: "MR3309",
      message: `${shownUrl(new URL(address))}: an address names one file; a web server has no list for a pattern`,
      hint: "name the files one by one, or with braces: https://host/{2024,2025}.csv",
    });
  }
  return withAttempts(shownUrl(new URL(address)), signal, () => store.look(address, signal));
}
