// Messages for jobs: a subscription per trigger, at the source that its key names. A message is acknowledged when the job's stream has it; one that is
// handed over twice is known by its id.
import { MillraceError } from "../../model/errors.ts";
import { triggerKinds } from "../../model/definitions/trigger.ts";
import type { Message, MessageSource, Subscription } from "../../model/message.ts";
import type { JobDesk } from "../jobs/desk.ts";
import type { ServedTrigger } from "./triggers.ts";

export interface MessagesOptions {
  readonly sources: Readonly<Record<string, MessageSource>>;
  readonly signal: AbortSignal;
  readonly desk: (job: string) => JobDesk | undefined;
  readonly onProblem: (error: unknown) => void;
}

export interface Messages {
  /** These and no others from now on. Those that are as they were go on undisturbed. */
  set(triggers: readonly ServedTrigger<"message">[]): void;
  close(): Promise<void>;
}

interface Subscribed {
  readonly hash: string;
  readonly subscription: Promise<Subscription | null>;
}

/** Keys of every trigger; the one that is left names the source. */
const COMMON_KEYS: ReadonlySet<string> = new Set(Object.keys(triggerKinds.assets.shape));

export function createMessages({ sources, signal, desk, onProblem }: MessagesOptions): Messages {
  const subscribed = new Map<string, Subscribed>();

  const subscribe = async ({ job, trigger, options, file }: ServedTrigger<"message">): Promise<Subscription | null> => {
    const name = Object.keys(options).find((key) => !COMMON_KEYS.has(key)) ?? "";
    const source = sources[name];
    if (source === undefined) {
      const known = Object.keys(sources);
      onProblem(
        new MillraceError({
          code: "MR1046",
          message: `${file}: no source of messages is named ${JSON.stringify(name)} in this version`,
          hint: known.length === 0 ? "use a webhook or a sensor" : `there is ${known.join(", ")}`,
        }),
      );
      return null;
    }
    const take = async ({ id, item }: Message): Promise<void> => {
      const answer = await desk(job)?.tell({ type: "happened", trigger, key: id, item });
      if (answer === undefined || answer.kind === "held" || answer.kind === "nothing")
        throw new MillraceError({ code: "MR8107", message: `${job} does not take messages now`, retryable: true });
    };
    try {
      return await source.subscribe(options[name] as Readonly<Record<string, unknown>>, take, signal);
    } catch (error) {
      onProblem(error);
      return null;
    }
  };
  const end = async ({ subscription }: Subscribed): Promise<void> => (await subscription)?.close();

  return {
    set(triggers) {
      const wanted = new Map<string, ServedTrigger<"message">>();
      for (const each of triggers) wanted.set(`${each.job}/${each.trigger}`, each);
      for (const [key, each] of subscribed) {
        if (wanted.get(key)?.hash === each.hash) continue;
        subscribed.delete(key);
        end(each).catch(onProblem);
      }
      for (const [key, each] of wanted) if (!subscribed.has(key)) subscribed.set(key, { hash: each.hash, subscription: subscribe(each) });
    },
    async close() {
      await Promise.all([...subscribed.values()].map(end)).catch(onProblem);
      subscribed.clear();
    },
  };
}
