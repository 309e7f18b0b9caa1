// What comes in from outside of a simulated project: files, deliveries, updates, requests, looks of sensors. As in a real engine each is told once to the
// jobs that wait for it; what comes while no engine runs is found when one begins, but for deliveries, which nobody takes.
import type { JsonValue } from "../../model/answers.ts";
import { MillraceError, messageOf } from "../../model/errors.ts";
import { asTexts } from "../../operations/serve/runner.ts";
import { pauseAfter } from "../../operations/serve/sensors.ts";
import { msOf, type ServedTrigger, triggersOf } from "../../operations/serve/triggers.ts";
import { parametersOf } from "../../operations/runs/parameters.ts";
import { matcherOf, unfoldBraces } from "../../platform/glob.ts";
import type { Project } from "../../project/reader.ts";
import { shortHash } from "../../trigger/identity.ts";
import type { JobPolicy } from "../../trigger/policy.ts";
import type { Book } from "./book.ts";
import type { Jobs } from "./jobs.ts";
import { seededRandom } from "./seed.ts";
import type { Timeline } from "./timeline.ts";
import type { Time, World } from "./world.ts";

export interface SensesOptions {
  readonly project: Project;
  readonly policies: ReadonlyMap<string, JobPolicy>;
  readonly world: World;
  readonly timeline: Timeline;
  readonly jobs: Jobs;
  readonly book: Book;
  readonly msOf: (time: Time) => number;
  readonly isUp: () => boolean;
}

export interface Senses {
  begin(): void;
  end(): void;
}

/** A file is taken when it has not changed for so long, as a trigger that says nothing has it. */
const SETTLE_MS = 2_000;

export function createSenses(options: SensesOptions): Senses {
  const { project, policies, world, timeline, jobs, book, isUp } = options;
  /** What came while no engine ran. */
  let later: (() => void)[] = [];
  let looks: (() => void)[] = [];
  const whenUp = (act: () => void): void => {
    if (isUp()) act();
    else later.push(() => whenUp(act));
  };

  const fileTriggers = triggersOf(project, policies, "files").map((trigger) => ({ ...trigger, matches: matching(trigger.options.path) }));
  for (const { path, at, bytes = 0, content } of world.files ?? []) {
    const arrivedAt = options.msOf(at);
    const hash = shortHash(content ?? `${path} ${arrivedAt}`);
    const item = { path, bytes, modifiedAt: new Date(arrivedAt).toISOString(), hash };
    for (const { job, trigger, options: own, matches } of fileTriggers) {
      if (!matches(path)) continue;
      const settleMs = msOf(own.settle, SETTLE_MS);
      timeline.at(arrivedAt + settleMs, () => whenUp(() => jobs.tell(job, { type: "happened", trigger, key: `${path}@${hash}`, item })));
    }
  }

  const hooks = triggersOf(project, policies, "webhook");
  for (const [index, { path, at, body = null, id = `delivery-${index}` }] of (world.webhooks ?? []).entries()) {
    const own = hooks.filter(({ options: hook }) => hook.path === path);
    if (own.length === 0)
      throw unknown(
        `no webhook has the path ${path}`,
        hooks.map(({ options: hook }) => hook.path),
      );
    const item: JsonValue = { delivery: id, headers: {}, bytes: JSON.stringify(body).length, body };
    for (const { job, trigger } of own)
      timeline.at(options.msOf(at), () => {
        const now = timeline.now();
        if (isUp()) jobs.tell(job, { type: "happened", trigger, key: id, item });
        else book.skip({ job, trigger, at: now, through: now, count: 1, reason: "noEngine", why: "no engine ran to take the delivery" });
      });
  }

  for (const [index, { asset, at }] of (world.updates ?? []).entries())
    timeline.at(options.msOf(at), () => whenUp(() => jobs.updated(asset, `update-${index}`)));

  const names = project.jobs.map(({ name }) => name);
  for (const { job: name, at, params = {}, key = null } of world.requests ?? []) {
    const job = project.jobs.find((each) => each.name === name);
    if (job === undefined) throw unknown(`there is no job ${name}`, names);
    const checked = parametersOf(job.spec.params ?? {}, asTexts(params));
    timeline.at(options.msOf(at), () => whenUp(() => jobs.tell(name, { type: "submit", key, by: "simulation", params: checked })));
  }

  const sensors = world.sensors === undefined ? [] : triggersOf(project, policies, "sensor");
  const watch = (sensor: ServedTrigger<"sensor">): void => {
    let failures = 0;
    let cancel = (): void => {};
    const look = (): void => {
      failures = lookOnce(sensor, failures);
      cancel = timeline.after(pauseAfter({ sensor, failures }), look);
    };
    looks.push(() => cancel());
    look();
  };
  /** Failures in a row, this look included. */
  const lookOnce = ({ job, trigger }: ServedTrigger<"sensor">, failures: number): number => {
    const at = new Date(timeline.now());
    try {
      const said = world.sensors!({ job, trigger, at, random: seededRandom(world.seed, `${job}/${trigger}@${timeline.now()}`) });
      const sight =
        typeof said === "object" && said !== null ? said : { seen: said === true ? "true" : said === false ? null : said, item: null };
      jobs.tell(job, { type: "sensed", trigger, result: sight });
      return 0;
    } catch (thrown) {
      const error = { code: "MR8104", message: messageOf(thrown) };
      jobs.tell(job, { type: "sensed", trigger, result: { error, failures: failures + 1 } });
      return failures + 1;
    }
  };

  return {
    begin() {
      const missed = later;
      later = [];
      for (const act of missed) act();
      for (const sensor of sensors) watch(sensor);
    },
    end() {
      for (const cancel of looks) cancel();
      looks = [];
    },
  };
}

/** Does a path match what a trigger waits for? As `matchFiles` would find it. */
function matching(pattern: string): (path: string) => boolean {
  const parts = (path: string): readonly string[] => path.split("/").filter((part) => part !== "" && part !== ".");
  const patterns = unfoldBraces(pattern).map(parts);
  const fits = ([first, ...rest]: readonly string[], [name, ...names]: readonly string[]): boolean => {
    if (first === undefined) return name === undefined;
    if (name === undefined) return false;
    if (first === "**") return (rest.length === 0 && names.length === 0) || fits(rest, [name, ...names]) || fits([first, ...rest], names);
    return matcherOf(first).test(name) && (first.startsWith(".") || !name.startsWith(".")) && fits(rest, names);
  };
  return (path) => patterns.some((each) => fits(each, parts(path)));
}

function unknown(message: string, known: readonly string[]): MillraceError {
  return new MillraceError({
    code: "MR1617",
    message,
    hint: known.length === 0 ? "the project has none" : `there are ${known.join(", ")}`,
  });
}
