// `overview`: where an agent begins.
import { z } from "zod";
import { cell, firstOf, lines, plural } from "../text.ts";
import { tool } from "../tool.ts";

const ASSETS_SHOWN = 150;
const NEEDS_SHOWN = 20;

export const overview = tool({
  name: "overview",
  title: "The project at a glance",
  description:
    "Start here. What the project is made of (assets with kind, status, rows and the file that defines them; jobs), how it stands, and what needs attention, most urgent first. `select` narrows it in the selection grammar: `clean.sales`, `+final.*`, `tag:finance`, `status:failed`.",
  input: z.object({ select: z.string().min(1).exactOptional() }),
  does: "reads",
  run: async ({ select }, { ask }) => {
    const [status, { assets }, { jobs }] = await Promise.all([
      ask("status.show", {}),
      ask("assets.list", select === undefined ? {} : { select }),
      ask("jobs.list", {}),
    ]);
    const { total, current, stale, failed, missing } = status.assets;
    const text = lines(
      `${plural(total, "asset")}: ${current} current, ${stale} stale, ${failed} failed, ${missing} never built${status.engine === null ? "; no engine runs" : "; an engine runs"}`,
      status.needs.length === 0 ? "nothing needs attention" : "needs attention:",
      firstOf(status.needs, NEEDS_SHOWN, ({ what, why }) => `- ${cell(what)}: ${cell(why)}`, "(see `diagnose`)"),
      "",
      "assets (name · kind · status · rows · file):",
      firstOf(
        assets,
        ASSETS_SHOWN,
        ({ asset, kind, status: state, rows, file }) => `- ${asset} · ${kind} · ${state} · ${rows ?? "?"} · ${file}:1`,
        "assets: narrow with `select`, or `search`",
      ),
      jobs.length === 0 ? "" : "jobs:",
      firstOf(
        jobs,
        50,
        ({ job, file, last, paused, params }) =>
          `- ${job} · ${file}:1${params.length === 0 ? "" : ` · takes ${params.join(", ")}`}${last === null ? "" : ` · last ${last.run} ${last.status}`}${paused === null ? "" : " · paused"}`,
        "jobs",
      ),
      "next: `describe` one of them, `diagnose` what failed, `lineage` to see what depends on what",
    );
    return { text, data: { status, assets, jobs } };
  },
});
