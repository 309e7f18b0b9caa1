// `millrace ls`, `describe`, `history`: what assets there are and what is known of one.
import type { PartitionsAnswer } from "../../model/backfill-answers.ts";
import type { Command } from "../command.ts";
import type { Output } from "../output.ts";
import { CURSOR, pageOf } from "../page.ts";
import { printable, renderTable } from "../table.ts";
import { count, plural } from "../words.ts";

const EVENTS_DEFAULT = 1_000;

export const ls: Command = {
  name: "ls",
  summary: "Lists the assets and tasks of the project with their state",
  examples: ["millrace ls", "millrace ls --select kind:source", "millrace ls --json"],
  async run({ app, global, output }) {
    const answer = await (await app()).list(global.select === undefined ? {} : { select: global.select });
    if (output.mode === "json") return output.json(answer);
    const isPutTogether = answer.assets.some((asset) => asset.components !== undefined);
    output.data(
      renderTable(
        ["asset", "kind", "status", "rows", "updated", ...(isPutTogether ? ["uses"] : [])],
        answer.assets.map((asset) => {
          const row = [asset.asset, asset.kind, asset.status, asset.rows, asset.updatedAt];
          return isPutTogether ? [...row, asset.components?.join(", ") ?? null] : row;
        }),
      ),
    );
    if (answer.tasks === undefined) return;
    output.data("");
    output.data(
      renderTable(
        ["job", "task", "kind", "after", "before", "when"],
        answer.tasks.map((task) => [
          task.job,
          task.task,
          `${task.kind}${task.isMapped ? " × items" : ""}${task.isRepeated ? " × rounds" : ""}`,
          task.after.join(", "),
          task.before.join(", "),
          task.when,
        ]),
      ),
    );
  },
};

export const describe: Command = {
  name: "describe",
  summary: "Tells all about one asset: columns, checks, neighbours, state",
  arguments: "<asset>",
  examples: ["millrace describe clean.sales", "millrace describe clean.sales --partitions", "millrace describe clean.sales --json"],
  options: [["--partitions", "lists its partitions one by one"]],
  async run({ app, output }, [name], options) {
    const answer = await (await app()).describe(name!, { partitions: options["partitions"] === true });
    if (output.mode === "json") return output.json(answer);
    const { asset } = answer;
    output.data(
      `${output.colors.bold(asset.asset)}  ${asset.kind}${asset.materialize === null ? "" : ` (${asset.materialize})`}  ${asset.status}  ${asset.file}`,
    );
    if (asset.description !== null) output.data(described(asset.description, asset.descriptionFrom)!);
    const facts = [
      asset.rows === null ? null : plural(asset.rows, "row"),
      asset.updatedAt === null ? null : `updated ${asset.updatedAt}`,
      asset.lastRun === null ? null : `by ${asset.lastRun}`,
      asset.quarantined === 0 ? null : `${plural(asset.quarantined, "record")} in quarantine`,
    ].filter((fact) => fact !== null);
    if (facts.length > 0) output.data(facts.join(" · "));
    if (asset.components.length > 0) output.data(`uses    ${asset.components.join(", ")}`);
    if (asset.upstream.length > 0) output.data(`reads   ${asset.upstream.join(", ")}`);
    if (asset.downstream.length > 0) output.data(`read by ${asset.downstream.join(", ")}`);
    if (asset.incremental !== undefined) output.data(printable(`built   ${asset.incremental.reason}`));
    if (asset.partitions !== undefined) tellPartitions(output, asset.partitions);
    if (asset.columns.length > 0) {
      output.data("");
      output.data(
        renderTable(
          ["column", "type", "from", "description"],
          asset.columns.map((column) => [
            column.name,
            column.type,
            column.from === column.name ? null : column.from,
            described(column.description, column.descriptionFrom),
          ]),
        ),
      );
    }
    if (asset.checks.length > 0) {
      output.data("");
      output.data(
        renderTable(
          ["check", "severity", "on fail", "last", "failing"],
          asset.checks.map((check) => [check.check, check.severity, check.onFail, check.status, check.failing]),
        ),
      );
    }
  },
};

function described(description: string | null, from: string | null): string | null {
  return description === null || from === null ? description : `${description} (${from})`;
}

function tellPartitions(output: Output, { list, first, last, total, by, ...counts }: PartitionsAnswer): void {
  const told = PARTITION_STATUSES.flatMap((status) => (counts[status] === 0 ? [] : [`${count(counts[status])} ${status}`]));
  const range = first === null || last === null || first === last ? (first ?? "none yet") : `${first} to ${last}`;
  output.data(`${plural(total, "partition")} by ${by.join(", ")}, ${range}${told.length === 0 ? "" : `: ${told.join(", ")}`}`);
  if (list === undefined) return;
  output.data("");
  output.data(
    renderTable(
      ["partition", "status", "rows", "quarantined", "run", "at"],
      list.map((each) => [each.partition, each.status, each.rows, each.quarantined, each.run, each.at]),
    ),
  );
}

const PARTITION_STATUSES = ["present", "missing", "stale", "failed", "running", "quarantined"] as const;

export const history: Command = {
  name: "history",
  summary: "What happened to an asset: loads, builds, quarantine, schema",
  arguments: "<asset>",
  examples: ["millrace history raw.sales", "millrace history raw.sales --schema"],
  options: [["--schema", "the versions of its schema"], ["--limit <n>", `at most so many events (default: ${EVENTS_DEFAULT})`], CURSOR],
  async run({ app, output }, [name], options) {
    const answer = await (await app()).history(name!, { schema: options["schema"] === true, ...pageOf(options, EVENTS_DEFAULT) });
    if (output.mode === "json") return output.json(answer);
    output.data(
      renderTable(
        ["at", "kind", "run", "by", "rows", "why"],
        answer.events.map((event) => [event.at, event.kind, event.run, event.by, event.rows, event.why]),
      ),
    );
    const kept = answer.versions.filter((version) => version.kept);
    if (kept.length === 0) return;
    output.data("");
    output.data(
      renderTable(
        ["version kept", "at", "run", "rows", ""],
        kept.map(({ version, at, run, rows, live }) => [version, at, run, rows, live ? "live" : null]),
      ),
    );
    if (kept.some((version) => !version.live)) output.note(`\ngo back: millrace rollback ${name} --to VERSION`);
  },
};
