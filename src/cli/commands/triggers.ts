// `millrace triggers`: what starts which job and when; pausing and resuming; what was skipped and why.
import { MillraceError } from "../../model/errors.ts";
import type { TriggerActAnswer, TriggerAnswer, TriggersAnswer } from "../../model/trigger-answers.ts";
import { type Command, type OptionValues, text } from "../command.ts";
import { CURSOR, pageOf } from "../page.ts";
import { printable, renderTable } from "../table.ts";
import { count } from "../words.ts";

const NEXT_DEFAULT = 1;
const NEXT_JSON_DEFAULT = 5;
const HISTORY_DEFAULT = 20;

export const triggers: Command = {
  name: "triggers",
  summary: "Lists what starts the jobs: last and next times, in words, in the project's zone and in UTC",
  arguments: "[job]",
  examples: ["millrace triggers", "millrace triggers nightly --next 5", "millrace triggers --from 2026-03-29 --json"],
  options: [
    ["--next <n>", `so many next times (default: ${NEXT_DEFAULT}, with --json ${NEXT_JSON_DEFAULT})`],
    ["--from <time>", "next times from there: 2026-03-29, 2026-03-29T06:00:00Z, 2h (default: now)"],
  ],
  async run({ app, output }, [job], options) {
    const next = wholeNumber(options["next"], "--next", output.mode === "json" ? NEXT_JSON_DEFAULT : NEXT_DEFAULT);
    const from = text(options["from"]);
    const answer = await (await app()).triggers({ ...(job === undefined ? {} : { job }), ...(from === undefined ? {} : { from }), next });
    if (output.mode === "json") return output.json(answer);
    if (answer.triggers.length === 0) return output.note("no job has triggers");
    output.data(renderTriggers(answer));
    const notes = answer.triggers.flatMap(notesOf);
    if (notes.length > 0) output.data("");
    for (const note of notes) output.data(`${output.symbol("warn")} ${printable(note)}`);
  },
};

export const triggersShow: Command = {
  name: "triggers show",
  summary: "What the triggers of a job did, what they skipped and why, newest first",
  arguments: "<job>",
  examples: ["millrace triggers show nightly", "millrace triggers show nightly --limit 100 --json"],
  options: [["--limit <n>", `at most so many (default: ${HISTORY_DEFAULT})`], CURSOR],
  async run({ app, output }, [job], options) {
    const answer = await (await app()).triggerHistory({ job: job!, ...pageOf(options, HISTORY_DEFAULT) });
    if (output.mode === "json") return output.json(answer);
    if (answer.history.length === 0) return output.note(`nothing has happened to ${answer.job} yet`);
    const rows = answer.history.map((row) => [
      row.at,
      row.trigger,
      row.what,
      row.count === 1 ? null : row.count,
      row.scheduledFor,
      row.run,
      row.reason,
      row.why,
    ]);
    output.data(renderTable(["at", "trigger", "what", "times", "scheduled for", "run", "reason", "why"], rows));
  },
};

export const triggersPause: Command = {
  name: "triggers pause",
  summary: "Keeps a job, or one of its triggers, from starting runs; skipped times are kept with the reason",
  arguments: "<job> [trigger]",
  examples: ['millrace triggers pause nightly --until 2h --why "source is down"', "millrace triggers pause nightly webhook"],
  options: [
    ["--until <time>", "resumes by itself then: 2h, 2026-03-29, 2026-03-29T06:00:00Z"],
    ["--why <text>", "kept with every time that is skipped"],
  ],
  async run({ app, output }, [job, trigger], options) {
    const [until, why] = [text(options["until"]), text(options["why"])];
    const act = { job: job!, ...named(trigger), ...(until === undefined ? {} : { until }), ...(why === undefined ? {} : { why }) };
    const answer = await (await app()).pauseTriggers(act);
    if (output.mode === "json") return output.json(answer);
    const resume = `millrace triggers resume ${answer.job}${trigger === undefined ? "" : ` ${trigger}`}`;
    output.data(`${subject(answer)} paused${answer.until === null ? ` until: ${resume}` : ` until ${answer.until}`}`);
  },
};

export const triggersResume: Command = {
  name: "triggers resume",
  summary: "Lets a paused job, or one of its triggers, start runs again",
  arguments: "<job> [trigger]",
  examples: ["millrace triggers resume nightly", "millrace triggers resume nightly webhook"],
  async run({ app, output }, [job, trigger]) {
    const answer = await (await app()).resumeTriggers({ job: job!, ...named(trigger) });
    if (output.mode === "json") return output.json(answer);
    output.data(answer.changed ? `${subject(answer)} resumed` : `${subject(answer)} not paused`);
  },
};

/** One paragraph per trigger: what it waits for, then its times. */
function renderTriggers({ triggers: list, timezone }: TriggersAnswer): string {
  const isUtc = timezone === "UTC";
  return list
    .map((trigger) => {
      const { job, trigger: key, words, last, lastRun, next, nextLocal } = trigger;
      const lastText = last === null ? "never" : `${utcText(last)} UTC${lastRun === null ? "" : `  ${lastRun}`}`;
      const times = next.map((at, index) => (isUtc ? nextLocal[index]! : `${nextLocal[index]}  (${utcText(at)} UTC)`));
      const lines = [`  last  ${lastText}`, ...times.map((time, index) => `  ${index === 0 ? "next" : "    "}  ${time}`)];
      return [`${job}/${key}  ${printable(words)}`, ...lines].join("\n");
    })
    .join("\n\n");
}

function notesOf({ job, trigger, paused, warnings, enabled, skipped, lastSkipped }: TriggerAnswer): readonly string[] {
  const name = `${job}/${trigger}`;
  const until = paused?.until == null ? "" : ` until ${utcText(paused.until)} UTC`;
  return [
    ...(enabled ? [] : [`${name} is disabled (enabled: false)`]),
    ...(paused === null ? [] : [`${name} is paused by ${paused.by}${until}${paused.why === "" ? "" : `: ${paused.why}`}`]),
    ...warnings.map((warning) => `${name}: ${warning}`),
    ...(lastSkipped === null
      ? []
      : [`${name} skipped ${count(skipped)} so far, last at ${utcText(lastSkipped.at)} UTC: ${lastSkipped.why}`]),
  ];
}

/** `2026-11-23 06:00` of `2026-11-23T06:00:00.000Z` */
function utcText(at: string): string {
  return at.replace("T", " ").replace(/(?::00)?\.\d+Z$/, "");
}

function subject({ job, trigger }: TriggerActAnswer): string {
  return trigger === null ? `all triggers of ${job}:` : `${job}/${trigger}:`;
}

function named(trigger: string | undefined): { readonly trigger?: string } {
  return trigger === undefined ? {} : { trigger };
}

function wholeNumber(value: OptionValues[string], name: string, byDefault: number): number {
  const number = Number(text(value) ?? byDefault);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new MillraceError({ code: "MR7001", message: `${name} ${text(value)} is no whole number of at least 1` });
}
