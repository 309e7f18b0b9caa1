// The connection to an SFTP server: made when it is needed, made anew when it broke, closed in the end. The server's key is checked before we log in.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Client, ConnectConfig, SFTPWrapper } from "ssh2";
import { parseDurationMs } from "../../model/duration.ts";
import { messageOf, MillraceError } from "../../model/errors.ts";
import type { SftpSettings } from "./settings.ts";

/** Signs of life that may stay out before the connection counts as broken. */
const ALIVE_MISSES_MAX = 3;
const PORT = 22;
const TIMEOUT_MS = 30_000;

export interface Channel {
  readonly sftp: SFTPWrapper;
  /** Fails when the connection is gone, so that nobody waits for an answer that cannot come. */
  readonly lost: Promise<never>;
}

/** What says at once that nobody is there: asking again a moment later is the run's business, which knows how often. */
const NOBODY_THERE = new Set(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH"]);

/** Did the server's address answer that nobody is there? */
export function isNobodyThere({ code, cause }: MillraceError): boolean {
  return code === "MR3300" && NOBODY_THERE.has((cause as NodeJS.ErrnoException | undefined)?.code ?? "");
}

export class Link {
  private readonly settings: SftpSettings;
  private readonly projectDir: string;
  private open: Promise<Channel & { readonly client: Client }> | undefined;
  private answered = false;

  constructor(settings: SftpSettings, projectDir: string) {
    this.settings = settings;
    this.projectDir = projectDir;
  }

  /** Was there a connection before? */
  get hasAnswered(): boolean {
    return this.answered;
  }

  /** @throws MR3300, MR3301, MR3305. */
  async channel(): Promise<Channel> {
    this.open ??= this.connect();
    try {
      const channel = await this.open;
      this.answered = true;
      return channel;
    } catch (error) {
      this.open = undefined;
      throw error;
    }
  }

  /** The next one who asks gets another connection. */
  async close(): Promise<void> {
    const { open } = this;
    this.open = undefined;
    const channel = await open?.catch(() => undefined);
    channel?.client.end();
    channel?.client.destroy();
  }

  private async connect(): Promise<Channel & { readonly client: Client }> {
    const { host, port = PORT } = this.settings;
    const { Client } = await import("ssh2");
    const client = new Client();
    const at = `sftp://${host}:${port}`;
    let offered: string | undefined;
    const config = await this.config((fingerprint) => (offered = fingerprint));
    return new Promise((done, fail) => {
      let isUp = false;
      let lose: (error: Error) => void = () => undefined;
      const lost = new Promise<never>((_, reject) => (lose = reject));
      lost.catch(() => undefined); // nobody may be waiting
      const end = (error: Error): void => {
        this.open = undefined;
        client.destroy();
        if (isUp)
          lose(
            new MillraceError({ code: "MR3300", message: `${at}: the connection broke: ${error.message}`, cause: error, retryable: true }),
          );
        else fail(failureOf(error, at, this.settings, offered));
      };
      client.on("error", end);
      client.on("close", () => end(new Error("the server closed it")));
      client.on("end", () => end(new Error("the server closed it")));
      client.on("ready", () =>
        client.sftp((error, sftp) => {
          if (error !== undefined) {
            end(error);
            return;
          }
          isUp = true;
          sftp.on("error", end);
          sftp.on("close", () => end(new Error("the server closed the channel")));
          done({ client, sftp, lost });
        }),
      );
      try {
        client.connect(config);
      } catch (error) {
        end(error as Error); // a private key that is none
      }
    });
  }

  private async config(note: (fingerprint: string) => void): Promise<ConnectConfig> {
    const { host, port = PORT, user, password, passphrase, hostKey, timeout } = this.settings;
    const timeoutMs = (timeout === undefined ? undefined : parseDurationMs(timeout)) ?? TIMEOUT_MS;
    const privateKey = await this.privateKey();
    const known = (typeof hostKey === "string" ? [hostKey] : (hostKey ?? [])).map(bare);
    return {
      host,
      port,
      username: user,
      ...(password === undefined ? {} : { password }),
      ...(privateKey === undefined ? {} : { privateKey }),
      ...(passphrase === undefined ? {} : { passphrase }),
      readyTimeout: timeoutMs,
      keepaliveInterval: Math.max(100, Math.floor(timeoutMs / ALIVE_MISSES_MAX)),
      keepaliveCountMax: ALIVE_MISSES_MAX,
      hostVerifier: (key: Buffer) => {
        const fingerprint = createHash("sha256").update(key).digest("base64").replace(/=+$/, "");
        note(`SHA256:${fingerprint}`);
        return known.includes("any") || known.includes(fingerprint);
      },
    };
  }

  private async privateKey(): Promise<string | undefined> {
    const { privateKey, privateKeyFile } = this.settings;
    if (privateKey !== undefined || privateKeyFile === undefined) return privateKey;
    try {
      return await readFile(resolve(this.projectDir, privateKeyFile), "utf8");
    } catch (cause) {
      throw new MillraceError({
        code: "MR3305",
        message: `sftp: the private key ${privateKeyFile} cannot be read: ${messageOf(cause)}`,
        cause,
      });
    }
  }
}

function bare(fingerprint: string): string {
  return fingerprint.replace(/^SHA256:/i, "").replace(/=+$/, "");
}

function failureOf(error: Error & { level?: string }, at: string, settings: SftpSettings, offered: string | undefined): MillraceError {
  if (/host denied|verification failed/i.test(error.message)) {
    const isNew = settings.hostKey === undefined;
    return new MillraceError({
      code: "MR3301",
      message: isNew
        ? `${at}: the server shows the key ${offered}, and \`hostKey\` does not say which one it should have`
        : `${at}: the server shows the key ${offered}, which is not the one of \`hostKey\`: it may be another server`,
      hint: isNew
        ? `Compare it with the one that its owner tells you, then write hostKey: "${offered}"`
        : "Do not go on before its owner has told you why the key changed.",
      cause: error,
    });
  }
  if (error.level === "client-authentication" || /authentication methods failed|privateKey|passphrase|parse.*key/i.test(error.message)) {
    return new MillraceError({ code: "MR3301", message: `${at} refuses ${settings.user}: ${error.message}`, cause: error });
  }
  return new MillraceError({ code: "MR3300", message: `${at} cannot be reached: ${error.message}`, cause: error, retryable: true });
}
