// A mailbox as a store of files: the attachments of its messages. The mailbox is opened for reading only, so that no flag of any message changes.
import type { ImapFlow, SearchObject } from "imapflow";
import { withAttempts } from "../../filestores/attempts.ts";
import type { DownloadRequest, FileStore, ListRequest, StoredFile } from "../../filestores/store.ts";
import { parseDurationMs } from "../../model/duration.ts";
import { messageOf, MillraceError } from "../../model/errors.ts";
import { decoderOf } from "./decode.ts";
import { attachmentsOf, type Place } from "./messages.ts";
import type { EmailSettings } from "./settings.ts";

const TIMEOUT_MS = 30_000;
const PIECE_BYTES = 1 << 20;
const MESSAGES_AT_ONCE = 500;
const FOLDERS_LISTED_MAX = 20;

export class EmailStore implements FileStore {
  readonly origin: string;
  private readonly settings: EmailSettings;
  private client: Promise<ImapFlow> | undefined;

  constructor(settings: EmailSettings) {
    this.settings = settings;
    const { host, port } = settings;
    this.origin = `imap://${host}${port === undefined ? "" : `:${port}`}/`;
  }

  /** Every message once, also when several folders hold a copy of it. */
  async *list({ prefix, signal }: ListRequest): AsyncGenerator<StoredFile> {
    const told = new Set<string>();
    for (const folder of [this.settings.folder ?? "INBOX"].flat()) {
      const files = await withAttempts(`${this.origin}${folder}`, signal, () => this.attachments(folder, signal));
      for (const file of files) {
        if (told.has(file.path) || !file.path.startsWith(prefix)) continue;
        told.add(file.path);
        yield file;
      }
    }
  }

  async look(path: string, signal: AbortSignal): Promise<StoredFile | null> {
    for await (const file of this.list({ prefix: path, depthMax: 1, mayHold: () => true, signal })) if (file.path === path) return file;
    return null;
  }

  async *download(file: StoredFile, { fromByte, signal }: DownloadRequest): AsyncGenerator<Uint8Array> {
    const listed = file.version === undefined ? await this.look(file.path, signal) : file;
    if (listed?.version === undefined) throw this.gone(file.path);
    const place = JSON.parse(listed.version) as Place;
    const decoder = decoderOf(place.encoding, `${this.origin}${file.path}`);
    let skip = fromByte;
    const rest = (bytes: Buffer): Buffer => {
      const kept = bytes.subarray(Math.min(skip, bytes.length));
      skip -= bytes.length - kept.length;
      return kept;
    };
    for (let at = 0; ; at += PIECE_BYTES) {
      signal.throwIfAborted();
      const piece = await this.piece(place, at, file.path, signal);
      const bytes = rest(decoder.take(piece));
      if (bytes.length > 0) yield bytes;
      if (piece.length < PIECE_BYTES) break;
    }
    const last = rest(decoder.end());
    if (last.length > 0) yield last;
  }

  async close(): Promise<void> {
    const client = await this.client?.catch(() => undefined);
    this.client = undefined;
    client?.close();
  }

  private async attachments(folder: string, signal: AbortSignal): Promise<readonly StoredFile[]> {
    return this.within(folder, signal, async (client, uidValidity) => {
      const uids = await client.search(this.criteria(), { uid: true });
      if (!Array.isArray(uids)) throw new Error("the search was not answered"); // never an empty mailbox
      uids.sort((a, b) => a - b);
      const files: StoredFile[] = [];
      for (let from = 0; from < uids.length; from += MESSAGES_AT_ONCE) {
        signal.throwIfAborted();
        const query = { uid: true, envelope: true, bodyStructure: true, internalDate: true, size: true };
        const messages = client.fetch(uids.slice(from, from + MESSAGES_AT_ONCE), query, { uid: true });
        for (;;) {
          const next = await messages.next();
          if (next.done === true) {
            if (next.value === false || !client.usable) throw new Error("the messages were not told to the end");
            break;
          }
          files.push(...attachmentsOf(next.value, folder, uidValidity));
        }
      }
      return files;
    });
  }

  private criteria(): SearchObject {
    const { from, to, subject, since } = this.settings;
    const chosen: SearchObject = {
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(subject === undefined ? {} : { subject }),
      ...(since === undefined ? {} : { since: sinceDate(since) }),
    };
    return Object.keys(chosen).length === 0 ? { all: true } : chosen;
  }

  private piece(place: Place, start: number, path: string, signal: AbortSignal): Promise<Buffer> {
    return this.within(place.folder, signal, async (client, uidValidity) => {
      if (uidValidity !== place.uidValidity) {
        throw new MillraceError({ code: "MR3303", message: `${this.origin}${path}: the mailbox was rebuilt meanwhile`, retryable: true });
      }
      const query = { uid: true, bodyParts: [{ key: place.part, start, maxLength: PIECE_BYTES }] };
      const message = await client.fetchOne(String(place.uid), query, { uid: true });
      if (!client.usable) throw new Error("the connection broke");
      if (message === false || message === undefined) throw this.gone(path);
      const [piece] = [...(message.bodyParts?.values() ?? [])];
      return piece ?? Buffer.alloc(0);
    });
  }

  /** One act in a folder that is open for reading only; a connection on which something went wrong is not used again. */
  private async within<Result>(
    folder: string,
    signal: AbortSignal,
    use: (client: ImapFlow, uidValidity: string) => Promise<Result>,
  ): Promise<Result> {
    this.client ??= this.connect();
    const connecting = this.client;
    let client: ImapFlow | undefined;
    const abort = (): void => client?.close();
    signal.addEventListener("abort", abort, { once: true });
    try {
      client = await connecting;
      const lock = await this.lock(client, folder);
      try {
        return await use(client, String(client.mailbox === false ? "" : client.mailbox.uidValidity));
      } finally {
        lock.release();
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof MillraceError && error.code !== "MR3300") throw error;
      client?.close();
      if (this.client === connecting) this.client = undefined;
      throw this.failureOf(error);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  private async lock(client: ImapFlow, folder: string): Promise<{ release(): void }> {
    try {
      return await client.getMailboxLock(folder, { readOnly: true });
    } catch (error) {
      if (!client.usable) throw error;
      const folders = (await client.list()).map(({ path }) => path);
      throw new MillraceError({
        code: "MR3321",
        message: `${this.origin} has no folder ${JSON.stringify(folder)}; it has ${folders.slice(0, FOLDERS_LISTED_MAX).join(", ")}`,
        cause: error,
      });
    }
  }

  private async connect(): Promise<ImapFlow> {
    const { host, port, user, password, accessToken, tls = "implicit", ca, timeout } = this.settings;
    const { ImapFlow } = await import("imapflow");
    const timeoutMs = (timeout === undefined ? undefined : parseDurationMs(timeout)) ?? TIMEOUT_MS;
    const client = new ImapFlow({
      host,
      port: port ?? (tls === "implicit" ? 993 : 143),
      secure: tls === "implicit",
      ...(tls === "implicit" ? {} : { doSTARTTLS: tls === "starttls" }),
      auth: { user, ...(accessToken === undefined ? { pass: password ?? "" } : { accessToken }) },
      ...(ca === undefined ? {} : { tls: { ca } }),
      logger: false,
      disableAutoIdle: true,
      disableBinary: true, // we decode ourselves, and strictly
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
    });
    client.on("error", () => undefined); // whoever waits is told
    await client.connect();
    return client;
  }

  private gone(path: string): MillraceError {
    return new MillraceError({ code: "MR3302", message: `${this.origin}${path} is not there any more` });
  }

  private failureOf(error: unknown): MillraceError {
    if (error instanceof MillraceError) return error;
    const { password, accessToken, user } = this.settings;
    const { authenticationFailed, code, responseText } = error as {
      readonly authenticationFailed?: boolean;
      readonly code?: string;
      readonly responseText?: string;
    };
    const words = [password, accessToken]
      .filter((secret) => secret !== undefined && secret !== "")
      .reduce<string>((text, secret) => text.replaceAll(secret!, "***"), responseText ?? messageOf(error));
    if (authenticationFailed === true)
      return new MillraceError({ code: "MR3301", message: `${this.origin} refuses ${user}: ${words}`, cause: error });
    if (code !== undefined && /CERT|SELF_SIGNED|ALTNAME|UNABLE_TO/.test(code)) {
      return new MillraceError({
        code: "MR3301",
        message: `${this.origin}: its certificate is not to be trusted: ${words}`,
        hint: "Give the certificate of its authority as `ca`.",
        cause: error,
      });
    }
    return new MillraceError({ code: "MR3300", message: `${this.origin} cannot be reached: ${words}`, cause: error, retryable: true });
  }
}

/** A day, or so long ago. @throws MR3305. */
function sinceDate(since: string): Date {
  if (/^\d{4}-\d\d-\d\d$/.test(since)) return new Date(`${since}T00:00:00Z`);
  const agoMs = parseDurationMs(since);
  if (agoMs === undefined)
    throw new MillraceError({
      code: "MR3305",
      message: `email: since: ${JSON.stringify(since)} is neither a day (2026-01-31) nor a duration (30d)`,
    });
  return new Date(Date.now() - agoMs);
}
