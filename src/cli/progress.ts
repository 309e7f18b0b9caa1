// How a run looks while it goes on. Nothing before 300 ms, at most ten times a second, always n/N; a line per finished node; in plain mode a
// heartbeat every 30 s. It ends with the one-line truth and what to type next.
import type { NodeEventAnswer, RunSummaryAnswer } from "../model/answers.ts";
import type { RunProgress } from "../model/progress.ts";
import type { Output } from "./output.ts";
import { printable } from "./table.ts";
import { count, plural, seconds, stopwatch } from "./words.ts";

const QUIET_MS = 300;
const REDRAW_MS = 100;
const HEARTBEAT_MS = 30_000;
/** Codes of failures that the last line points to. */
const EXPLAINED_MAX = 3;

export interface Progress {
  observe(event: RunProgress): void;
  finish(summary: RunSummaryAnswer, ways?: Ways): void;
  close(): void;
}

interface Ways {
  /** The command that goes on with it. */
  readonly again?: string;
  /** The command that does what failed; default: `run --from-failure`. */
  readonly retry?: string;
}

interface RunningNode {
  readonly startedMs: number;
  readonly expectedSeconds: number | null;
}

export function createProgress(output: Output): Progress {
  if (output.mode === "json") {
    return {
      observe: (event) => {
        if (event.type !== "started") output.json(event);
      },
      finish: (summary) => output.json(summary),
      close: () => {},
    };
  }
  return liveProgress(output);
}

function liveProgress(output: Output): Progress {
  const startedMs = Date.now();
  const running = new Map<string, RunningNode>();
  const { colors } = output;
  let total = 0;
  let done = 0;
  let rows = 0;
  let run = "";
  let drawn = false;
  let left = false;
  const failures = new Set<string>();
  let lastLineMs = startedMs;
  const live = output.mode === "tty";
  const erase = (): void => {
    if (drawn) process.stderr.write("\r\u001b[K");
    drawn = false;
  };
  const elapsedSeconds = (): number => (Date.now() - startedMs) / 1000;
  const line = (text: string, told: "note" | "warn" = "note"): void => {
    erase();
    lastLineMs = Date.now();
    output[told](live ? text : `${new Date().toISOString().slice(11, 19)} ${text}`);
  };
  const draw = (): void => {
    if (Date.now() - startedMs < QUIET_MS) return;
    if (live) {
      const remaining = [...running.values()].map((node) =>
        node.expectedSeconds === null ? null : Math.max(0, node.expectedSeconds - (Date.now() - node.startedMs) / 1000),
      );
      const known = remaining.filter((value) => value !== null);
      const eta = known.length > 0 && known.length === remaining.length ? `  eta ${stopwatch(Math.ceil(Math.max(...known)))}` : "";
      const rate = rows > 0 ? `  ${count(Math.round(rows / elapsedSeconds()))} rows/s` : "";
      const text = ` ${done}/${total}  ${stopwatch(elapsedSeconds())}${eta}${rate}  ${[...running.keys()].join(", ")}`;
      process.stderr.write(`\r\u001b[K${colors.dim(text.slice(0, (process.stderr.columns ?? 80) - 1))}`);
      drawn = true;
    } else if (Date.now() - lastLineMs >= HEARTBEAT_MS) {
      line(`${output.symbol("running")} ${done}/${total}  ${stopwatch(elapsedSeconds())}  running: ${[...running.keys()].join(", ")}`);
    }
  };
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();
  return {
    observe(event) {
      switch (event.type) {
        case "run":
          total = event.nodes;
          run = event.run;
          if (event.resumed) line(`${output.symbol("retrying")} going on with ${run}, which had not ended`);
          break;
        case "queued":
          line(`${output.symbol("waiting")} ${event.run} waits: ${printable(event.why)}`);
          break;
        case "notRun":
          line(`${output.symbol("skipped")} skipped: ${printable(event.why)}`);
          break;
        case "left":
          left = true;
          line(`${output.symbol("running")} ${event.run} goes on in the engine; millrace run show ${event.run} tells how`);
          break;
        case "started":
          running.set(event.node, { startedMs: Date.now(), expectedSeconds: event.expectedSeconds });
          break;
        case "retrying":
          running.delete(event.node);
          line(
            `${output.symbol("retrying")} ${event.node}  attempt ${event.attempt} failed: ${printable(event.message)}  again at ${event.retryAt.slice(11, 19)}`,
          );
          break;
        case "warning":
          line(`${output.symbol("warn")} ${event.node}  ${printable(event.message)}`);
          break;
        case "node":
          running.delete(nameOf(event));
          done++;
          rows += event.rows?.read ?? 0;
          if (event.error !== null) failures.add(event.error.code);
          if (isNews(event) && (output.mode !== "agent" || event.status !== "succeeded"))
            line(nodeLine(event, output), event.status === "failed" ? "warn" : "note");
          break;
        default:
          event satisfies never;
      }
    },
    finish(summary, ways = {}) {
      const isBackfill = summary.run.startsWith("b_");
      const { again = isBackfill ? `millrace backfill resume ${summary.run}` : "millrace run" } = ways;
      const { retry = isBackfill ? `millrace backfill retry ${summary.run}` : `millrace run --from-failure ${summary.run}` } = ways;
      erase();
      if (left) return;
      output.data(truth(summary, output));
      for (const path of summary.outputs) output.note(`  wrote ${path}`);
      if (summary.status === "running") return output.note(`  next: ${again} goes on where it stopped`);
      if (summary.status === "failed" || summary.status === "partial") {
        output.note(`  retry: ${retry}    look: millrace run show ${summary.run}`);
        const codes = [...failures].slice(0, EXPLAINED_MAX).toSorted();
        if (codes.length > 0 && output.mode !== "agent")
          output.note(`  explain: ${codes.map((code) => `millrace explain ${code}`).join("    ")}`);
      } else if (summary.rows.quarantined > 0) output.note("  look at what was set aside: millrace quarantine list");
      else if (summary.nodes.succeeded > 0) output.note('  next: millrace ls, or millrace query "from ASSET limit 5"');
    },
    close() {
      clearInterval(timer);
      erase();
    },
  };
}

/** What was left as it was is not told, unless rows were set aside. */
function isNews({ status, rows }: NodeEventAnswer): boolean {
  return status !== "reused" || (rows?.quarantined ?? 0) > 0;
}

function nameOf({ asset, task, partition }: NodeEventAnswer): string {
  const name = asset ?? `task:${task}`;
  return partition === undefined ? name : `${name}[${partition}]`;
}

function nodeLine(event: NodeEventAnswer, output: Output): string {
  const name = nameOf(event);
  const aside = event.rows !== null && event.rows.quarantined > 0 ? `  ${plural(event.rows.quarantined, "row")} quarantined` : "";
  const warned = event.checks.filter((check) => check.status !== "passed");
  const checks = event.checks.length === 0 ? "" : `  ${event.checks.length - warned.length}/${event.checks.length} checks`;
  switch (event.status) {
    case "reused":
      return `${output.symbol("warn")} ${name}  unchanged${aside}`;
    case "succeeded":
      return `${output.symbol(aside !== "" || warned.length > 0 ? "warn" : "ok")} ${name}  ${event.rows === null ? "" : plural(event.rows.loaded, "row")}  ${seconds(event.seconds)}${checks}${aside}`;
    case "skipped":
      return `${output.symbol("skipped")} ${name}  skipped: ${event.reason ?? ""}`;
    default: {
      const failing = warned.map((check) => `\n    ${check.check}: ${plural(check.failing, "row")}`).join("");
      const advice = event.error?.hint === undefined ? "" : `\n    = ${printable(event.error.hint).replaceAll("\n", "\n      ")}`;
      return `${output.symbol("failed")} ${name}  ${event.error === null ? event.status : `${event.error.code} ${printable(event.error.message)}`}${failing}${advice}`;
    }
  }
}

/** `✓ 5 built · 3 unchanged · 60,000 read = 59,990 loaded + 10 quarantined + 0 filtered · 6.1s · run r_…` */
function truth(summary: RunSummaryAnswer, output: Output): string {
  const { nodes, rows } = summary;
  const parts = [
    nodes.failed > 0 ? `${nodes.failed} failed` : null,
    `${nodes.succeeded} built`,
    nodes.reused > 0 ? `${nodes.reused} unchanged` : null,
    nodes.skipped > 0 ? `${nodes.skipped} skipped` : null,
    rows.read > 0
      ? `${count(rows.read)} read = ${count(rows.loaded)} loaded + ${count(rows.quarantined)} quarantined + ${count(rows.filtered)} filtered`
      : null,
    seconds(summary.seconds),
    `run ${summary.run}`,
  ].filter((part) => part !== null);
  const good = summary.status === "succeeded" || summary.status === "skipped";
  return `${output.symbol(good ? "ok" : "failed")} ${good ? "" : `${summary.status === "running" ? "interrupted" : summary.status}: `}${parts.join(" · ")}`;
}
