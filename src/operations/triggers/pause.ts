// A pause as it is told: one that is over is none.
import type { PauseAnswer } from "../../model/trigger-answers.ts";
import type { Pause } from "../../trigger/state.ts";

export function pauseOf(pause: Pause | null, of: PauseAnswer["of"], now: number): PauseAnswer | null {
  if (pause === null || (pause.until !== null && pause.until <= now)) return null;
  const until = pause.until === null ? null : new Date(pause.until).toISOString();
  return { of, since: new Date(pause.at).toISOString(), until, by: pause.by, why: pause.why };
}
