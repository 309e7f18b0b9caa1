// `status`: how things stand, and what needs a person, worst first, each with the command that helps.
import type { StatusAnswer } from "../model/answers.ts";
import { MillraceError } from "../model/errors.ts";
import type { NodeId } from "../model/graph.ts";
import { countQuarantine } from "../load/quarantine.ts";
import { readAssets } from "../views/assets.ts";
import { pendingApprovals } from "./approve.ts";
import { assetsState } from "./assets.ts";
import { partitionsAnswer } from "./partition-status.ts";
import type { Planned } from "./plan.ts";
import { listRuns } from "./runs.ts";
import type { Workspace } from "./workspace.ts";

const RUNS_SHOWN = 5;

export async function statusOf(workspace: Workspace): Promise<StatusAnswer> {
  const { statuses, isNew, aside, partitions } = await assetsNow(workspace);
  const { runs } = await listRuns(workspace, { limit: RUNS_SHOWN });
  const rows = await readAssets(await workspace.store());
  const approvals = await pendingApprovals(await workspace.store());
  const all = [...statuses].filter(([id]) => !id.startsWith("task:"));
  const count = (status: string): number => all.filter(([, each]) => each === status).length;
  const failed = [...statuses].filter(([, status]) => status === "failed");
  return {
    engine: null,
    assets: { total: all.length, current: count("current"), stale: count("stale"), failed: count("failed"), missing: count("missing") },
    runs,
    ...(partitions.length === 0 ? {} : { partitions }),
    needs: [
      ...approvals.map(({ run, task, title, approvers }) => ({
        what: `${task} of ${run} waits for a decision`,
        why: `${title}${approvers === null ? "" : ` (${approvers.join(", ")})`}`,
        command: `millrace approve ${run} ${task}`,
      })),
      ...partitions.flatMap(({ asset, failed: broken }) =>
        broken === 0
          ? []
          : [
              {
                what: `${broken} partitions of ${asset} failed`,
                why: "their last attempts failed",
                command: `millrace backfill ${asset} --failed`,
              },
            ],
      ),
      ...failed.flatMap(([id]) => {
        if (partitions.some(({ asset }) => asset === id)) return [];
        const row = rows.get(id);
        return [
          {
            what: `${id} failed`,
            why: row?.error?.message ?? "its last attempt failed",
            command: row === undefined ? "millrace run" : `millrace run show ${row.run}`,
          },
        ];
      }),
      ...runs
        .filter((run) => run.status === "running" && !approvals.some((each) => each.run === run.run))
        .map((run) => ({
          what: `run ${run.run} did not end`,
          why: "its process stopped or still works",
          command: run.trigger === "backfill" ? `millrace backfill resume ${run.run}` : "millrace run",
        })),
      ...aside.map(({ asset, rule, rows: records }) => ({
        what: `${records} of ${asset} in quarantine`,
        why: rule,
        command: `millrace quarantine list ${asset}`,
      })),
      ...(failed.length === 0 && count("missing") > 0
        ? [
            {
              what: `${count("missing")} never built`,
              why: isNew ? "nothing has run yet" : "new since the last run",
              command: "millrace run",
            },
          ]
        : []),
    ],
  };
}

interface AssetsNow {
  readonly statuses: ReadonlyMap<NodeId, string>;
  /** Nothing was ever built. */
  readonly isNew: boolean;
  readonly aside: Awaited<ReturnType<typeof countQuarantine>>;
  readonly partitions: NonNullable<StatusAnswer["partitions"]>;
}

/** While another process holds the warehouse, what its runs wrote is what is known of the assets. */
async function assetsNow(workspace: Workspace): Promise<AssetsNow> {
  try {
    const { statuses, planned } = await assetsState(workspace);
    const warehouse = await workspace.warehouse();
    const aside = await warehouse.session((session) => countQuarantine(session));
    const missing = [...statuses.values()].filter((status) => status === "missing").length;
    return { statuses, isNew: statuses.size === missing, aside, partitions: partitionsOf(planned) };
  } catch (thrown) {
    if (!(thrown instanceof MillraceError) || thrown.code !== "MR5001") throw thrown;
    const [project, rows] = [await workspace.project(), await readAssets(await workspace.store())];
    const known = project.nodes.map(({ id }) => [id, statusBy(rows.get(id)?.status)] as const);
    return { statuses: new Map(known), isNew: rows.size === 0, aside: [], partitions: [] };
  }
}

function partitionsOf({ world }: Pick<Planned, "world">): NonNullable<StatusAnswer["partitions"]> {
  return [...(world?.assets.keys() ?? [])].flatMap((asset) => {
    const answer = partitionsAnswer(world!, asset);
    return answer === undefined ? [] : [{ asset, ...answer }];
  });
}

function statusBy(last: string | undefined): string {
  if (last === undefined) return "missing";
  return last === "failed" ? "failed" : "current";
}
