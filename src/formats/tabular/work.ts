// Reading of files by our own readers, in a thread when the file is large, so that nothing else of the engine waits.
import { stat } from "node:fs/promises";
import { parentPort, workerData } from "node:worker_threads";
import { MillraceError, type ErrorCode } from "../../model/errors.ts";
import { startThread } from "../../platform/thread.ts";
import type { ReadJob } from "./job.ts";

/** Below this a thread costs more than it gives. */
const INLINE_BYTES_MAX = 1 << 20;

/** The readers; what they give can be cloned. */
const readers = {
  fixedWidth: async (job: ReadJob) => (await import("../fixed-width/read.ts")).readFixedWidth(job),
  logs: async (job: ReadJob) => (await import("../logs/read.ts")).readLogs(job),
  html: async (job: ReadJob) => (await import("../html/read.ts")).readHtml(job),
  xlsx: async (job: ReadJob) => (await import("../excel/read.ts")).readXlsx(job),
  xls: async (job: ReadJob) => (await import("../excel/read.ts")).readXls(job),
  xml: async (job: ReadJob) => (await import("../xml/read.ts")).readXml(job),
  avro: async (job: ReadJob) => (await import("../avro/read.ts")).readAvro(job),
  geojson: async (job: ReadJob) => (await import("../geojson/read.ts")).readGeojson(job),
};
type Readers = typeof readers;
type Reader = keyof Readers;
type Answer =
  | { readonly result: unknown }
  | { readonly failed: { readonly code: ErrorCode; readonly message: string; readonly hint?: string } };

/** Throws what the reader throws, and the reason of `signal`. */
export async function readInThread<R extends Reader>(
  reader: R,
  job: ReadJob,
  signal?: AbortSignal,
): Promise<Awaited<ReturnType<Readers[R]>>> {
  type Result = Awaited<ReturnType<Readers[R]>>;
  signal?.throwIfAborted();
  if (job.recordsMax !== undefined || (await stat(job.path)).size <= INLINE_BYTES_MAX) return (await readers[reader](job)) as Result;
  const thread = startThread(new URL("./work.ts", import.meta.url), { workerData: { millraceRead: { reader, job } } });
  try {
    const answer = await new Promise<Answer>((resolve, reject) => {
      const abort = (): void => reject(signal?.reason as Error);
      signal?.addEventListener("abort", abort, { once: true });
      thread.once("message", (message: Answer) => {
        signal?.removeEventListener("abort", abort);
        resolve(message);
      });
      thread.once("error", reject);
      thread.once("exit", (code) => reject(new Error(`the thread that reads ${job.name} ended with ${code}`)));
    });
    if ("failed" in answer) throw new MillraceError(answer.failed);
    return answer.result as Result;
  } finally {
    await thread.terminate();
  }
}

async function answerOf(reader: Reader, job: ReadJob): Promise<Answer> {
  try {
    return { result: await readers[reader](job) };
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    return { failed: { code: error.code, message: error.message, ...hint } };
  }
}

const asked = (workerData as { millraceRead?: { reader: Reader; job: ReadJob } } | null)?.millraceRead;
if (asked !== undefined && parentPort !== null) {
  const port = parentPort;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
  void answerOf(asked.reader, asked.job).then((answer) => port.postMessage(answer));
}
