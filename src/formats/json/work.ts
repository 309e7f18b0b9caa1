// The work on bytes that a thread does: scans and rewritten copies. Small files are done at once, where they are.
import { parentPort, workerData } from "node:worker_threads";
import { MillraceError, type ErrorCode } from "../../model/errors.ts";
import { startThread } from "../../platform/thread.ts";
import { scanDocument, type DocumentScan } from "./document.ts";
import { rewriteLines, type RewriteJob, type Rewritten } from "./rewrite.ts";
import { scanLines, type JsonScan } from "./scan.ts";

/** Below this a thread costs more than it gives. */
const INLINE_BYTES_MAX = 4 << 20;

interface Jobs {
  readonly lines: { readonly job: { readonly path: string }; readonly result: JsonScan };
  readonly document: {
    readonly job: { readonly path: string; readonly copy: string; readonly rows: readonly string[] };
    readonly result: DocumentScan;
  };
  readonly rewrite: { readonly job: RewriteJob; readonly result: Rewritten };
}
type Kind = keyof Jobs;
type Answer =
  | { readonly result: unknown }
  | { readonly failed: { readonly code: ErrorCode; readonly message: string; readonly hint?: string } };

/** Does the work, in a thread when the file is large. Throws what the work throws, and the reason of `signal`. */
export async function work<K extends Kind>(
  kind: K,
  job: Jobs[K]["job"],
  sizeBytes: number,
  signal?: AbortSignal,
): Promise<Jobs[K]["result"]> {
  signal?.throwIfAborted();
  if (sizeBytes <= INLINE_BYTES_MAX) return perform(kind, job);
  const thread = startThread(new URL("./work.ts", import.meta.url), { workerData: { millraceJson: { kind, job } } });
  try {
    const answer = await new Promise<Answer>((resolve, reject) => {
      const abort = (): void => reject(signal?.reason as Error);
      signal?.addEventListener("abort", abort, { once: true });
      thread.once("message", (message: Answer) => {
        signal?.removeEventListener("abort", abort);
        resolve(message);
      });
      thread.once("error", reject);
      thread.once("exit", (code) => reject(new Error(`the thread that reads JSON ended with ${code}`)));
    });
    if ("failed" in answer) throw new MillraceError(answer.failed);
    return answer.result as Jobs[K]["result"];
  } finally {
    await thread.terminate();
  }
}

function perform<K extends Kind>(kind: K, job: Jobs[K]["job"]): Jobs[K]["result"] {
  switch (kind) {
    case "lines":
      return scanLines(job.path);
    case "document": {
      const { path, copy, rows } = job as Jobs["document"]["job"];
      return scanDocument(path, copy, rows);
    }
    case "rewrite":
      return rewriteLines(job as RewriteJob);
    default:
      throw new Error(`unknown work: ${String(kind satisfies never)}`);
  }
}

const asked = (workerData as { millraceJson?: { kind: Kind; job: Jobs[Kind]["job"] } } | null)?.millraceJson;
if (asked !== undefined && parentPort !== null) {
  let answer: Answer;
  try {
    answer = { result: perform(asked.kind, asked.job) };
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    answer = { failed: { code: error.code, message: error.message, ...hint } };
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
  parentPort.postMessage(answer);
}
