// `status`: how things stand, and what needs a person, worst first, each with the command that helps.
import type { StatusAnswer } from "../model/answers.ts";
import { countQuarantine } from "../load/quarantine.ts";
import { readAssets } from "../views/assets.ts";
import { assetsState } from "./assets.ts";
import { listRuns } from "./runs.ts";
import type { Workspace } from "./workspace.ts";

const RUNS_SHOWN = 5;

export async function statusOf(workspace: Workspace): Promise<StatusAnswer> {
  const { statuses, planned } = await assetsState(workspace);
  const { runs } = await listRuns(workspace, { limit: RUNS_SHOWN });
  const rows = await readAssets(await workspace.store());
  const warehouse = await workspace.warehouse();
  const aside = await warehouse.session((session) => countQuarantine(session));
  const all = [...statuses].filter(([id]) => !id.startsWith("task:"));
  const count = (status: string): number => all.filter(([, each]) => each === status).length;
  const failed = [...statuses].filter(([, status]) => status === "failed");
  return {
    engine: null,
    assets: { total: all.length, current: count("current"), stale: count("stale"), failed: count("failed"), missing: count("missing") },
    runs,
    needs: [
      ...failed.map(([id]) => {
        const row = rows.get(id);
        return {
          what: `${id} failed`,
          why: row?.error?.message ?? "its last attempt failed",
          command: row === undefined ? "millrace run" : `millrace run show ${row.run}`,
        };
      }),
      ...runs
        .filter((run) => run.status === "running")
        .map((run) => ({ what: `run ${run.run} did not end`, why: "its process stopped or still works", command: "millrace run" })),
      ...aside.map(({ asset, rule, rows: records }) => ({
        what: `${records} of ${asset} in quarantine`,
        why: rule,
        command: `millrace quarantine list ${asset}`,
      })),
      ...(failed.length === 0 && count("missing") > 0
        ? [
            {
              what: `${count("missing")} never built`,
              why: planned.plan.nodes.length === count("missing") ? "nothing has run yet" : "new since the last run",
              command: "millrace run",
            },
          ]
        : []),
    ],
  };
}
