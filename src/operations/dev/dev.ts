// `dev`: the engine of `serve` for whoever works on the project. Each saved file is looked at (./check.ts) and told to the terminal and to all pages; what is
// stale is run at the start and when that is asked for.
//   D1. A project that cannot be read when it starts is looked at again when a file is saved; nothing has to be started anew.
//   D2. A look that a later one has overtaken tells nothing.
import { realClock } from "../../engine/clock.ts";
import { messageOf } from "../../model/errors.ts";
import type { JsonValue } from "../../model/json.ts";
import { errorsOf } from "../project/framed.ts";
import type { ServeParts } from "../serve/parts.ts";
import { lookAtProject, watchProject } from "../serve/project-watch.ts";
import { serveOperation } from "../serve.ts";
import type { Workspace } from "../workspace.ts";
import { checkProject, forgetCheck } from "./check.ts";
import type { DevAct, DevProgress, DevRequest } from "./request.ts";

const HUSH_MS = 40;

/** Resolves when the workspace's signal was aborted. @throws as `serveOperation`, but for a project that cannot be read (D1) */
export async function devOperation(
  workspace: Workspace,
  { run, onActs, ...request }: DevRequest,
  parts: ServeParts,
  observe: (progress: DevProgress) => void,
): Promise<void> {
  await readable(workspace, observe);
  if (workspace.signal.aborted) return;
  const { own, acts, looks } = devWork(observe, workspace.signal);
  onActs?.((wanted) => void acts(wanted));
  try {
    await serveOperation(workspace.renewed(), request, parts, observe, {
      hushMs: HUSH_MS,
      onServing: (served) => {
        own(served);
        void (async () => {
          await looks([]);
          if (run) await acts("run");
        })();
      },
      onRead: ({ files, error }) => void looks(files, error),
    });
  } finally {
    forgetCheck(workspace.dir);
  }
}

type Served = { readonly workspace: () => Promise<Workspace>; readonly tell: (changed: JsonValue) => void };

interface DevWork {
  readonly own: (served: Served) => void;
  readonly acts: (wanted: DevAct) => Promise<void>;
  readonly looks: (files: readonly string[], error?: unknown) => Promise<void>;
}

function devWork(observe: (progress: DevProgress) => void, signal: AbortSignal): DevWork {
  let served: Served | undefined;
  let looked = 0;
  let acting: Promise<void> = Promise.resolve();
  const isEnding = (): boolean => signal.aborted;

  const looks = async (files: readonly string[], error?: unknown): Promise<void> => {
    if (served === undefined) return;
    const { workspace, tell } = served;
    const turn = ++looked;
    const isLate = (): boolean => turn !== looked || isEnding();
    try {
      const now = await workspace();
      await checkProject(now, {
        files,
        isLate,
        ...(error === undefined ? {} : { broken: error }),
        tell: ({ answer, errors }) => {
          observe({ type: "checked", check: answer, errors });
          tell({ files: [...files], errors: answer.errors.length, assets: answer.changes.map(({ asset }) => asset) });
        },
      });
    } catch (thrown) {
      if (!isLate()) observe({ type: "refused", errors: errorsOf(thrown) });
    }
  };

  const carryOut = async (wanted: DevAct): Promise<void> => {
    if (served === undefined || isEnding()) return;
    const now = await served.workspace();
    try {
      if (wanted === "plan") {
        const { answerPlan } = await import("../plan/answer.ts");
        return observe({ type: "planned", plan: await answerPlan(now, {}) });
      }
      const { runOperation } = await import("../runs/run.ts");
      const summary = await runOperation(now, {}, (progress) => observe({ type: "run", progress }));
      observe({ type: "ran", summary });
      await looks([]);
    } catch (thrown) {
      // Errors of the project were drawn when it was looked at.
      const isTold =
        (await import("./check.ts")).watchedCheck(now.dir)?.errors.some(({ message }) => message === messageOf(errorsOf(thrown)[0])) ===
        true;
      if (!isEnding() && !isTold) observe({ type: "refused", errors: errorsOf(thrown) });
    }
  };

  return {
    own: (now) => {
      served = now;
    },
    looks,
    acts: (wanted) => (acting = acting.then(() => carryOut(wanted))),
  };
}

/** D1. */
async function readable(workspace: Workspace, observe: (progress: DevProgress) => void): Promise<void> {
  const { dir, signal } = workspace;
  for (let now = workspace; !signal.aborted; now = workspace.renewed()) {
    const since = lookAtProject(dir);
    try {
      await now.project();
      return;
    } catch (thrown) {
      observe({ type: "broken", errors: errorsOf(thrown) });
    }
    await new Promise<void>((resolve) => {
      const watch = watchProject({ dir, clock: realClock, since, onChange: () => done(), hushMs: HUSH_MS });
      const done = (): void => {
        watch.close();
        signal.removeEventListener("abort", done);
        resolve();
      };
      signal.addEventListener("abort", done);
    });
  }
}
