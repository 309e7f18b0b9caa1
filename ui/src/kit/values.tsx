// Values as people read them: moments, spans, counts, things to copy.
import { useState, type ReactNode } from "react";
import { appearance } from "../data/appearance.ts";
import { useSignal } from "../data/signal.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const COPIED_MS = 1_500;

/** A moment: short ("14:02", "yesterday 14:02", "12 Nov 14:02"), the full one with its zone on hover. */
export function Time({ at, ago }: { readonly at: string | null; readonly ago?: boolean }): ReactNode {
  const { zone } = useSignal(appearance);
  if (at === null) return <span className="muted">–</span>;
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return at;
  return (
    <time dateTime={at} title={fullMoment(moment, zone)}>
      {ago === true ? since(moment) : shortMoment(moment, zone)}
    </time>
  );
}

export function fullMoment(moment: Date, zone: "local" | "utc"): string {
  return moment.toLocaleString(undefined, {
    dateStyle: "full",
    timeStyle: "long",
    ...(zone === "utc" ? { timeZone: "UTC" } : {}),
  });
}

export function shortMoment(moment: Date, zone: "local" | "utc"): string {
  const place = zone === "utc" ? { timeZone: "UTC" } : {};
  const clock = moment.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...place });
  const day = (each: Date): string => each.toLocaleDateString("en-CA", place);
  const now = new Date();
  if (day(moment) === day(now)) return clock;
  if (day(moment) === day(new Date(now.getTime() - DAY_MS))) return `yesterday ${clock}`;
  const sameYear = moment.getFullYear() === now.getFullYear();
  return `${moment.toLocaleDateString(undefined, { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }), ...place })} ${clock}`;
}

function since(moment: Date): string {
  const ms = Date.now() - moment.getTime();
  if (ms < 0) return `in ${roughly(-ms / 1000)}`;
  return ms < 5_000 ? "now" : `${roughly(ms / 1000)} ago`;
}

/** The largest unit alone: how long ago is never exact for long. */
function roughly(seconds: number): string {
  return /^\S+ \S+/.exec(spanWords(Math.round(seconds)))![0];
}

/** A span in two units at most: "340 ms", "9.1 s", "4 min 10 s", "3 h 20 min", "2 d 4 h". */
export function spanWords(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const ms = Math.round(seconds) * 1000;
  if (ms < MINUTE_MS) return `${ms / 1000} s`;
  const two = (large: number, small: number, names: readonly [string, string]): string => {
    const whole = Math.floor(ms / large);
    const rest = Math.floor((ms % large) / small);
    return rest === 0 ? `${whole} ${names[0]}` : `${whole} ${names[0]} ${rest} ${names[1]}`;
  };
  if (ms < HOUR_MS) return two(MINUTE_MS, 1000, ["min", "s"]);
  if (ms < DAY_MS) return two(HOUR_MS, MINUTE_MS, ["h", "min"]);
  return two(DAY_MS, HOUR_MS, ["d", "h"]);
}

export function Duration({ seconds }: { readonly seconds: number | null }): ReactNode {
  return seconds === null ? <span className="muted">–</span> : <span title={`${seconds} s`}>{spanWords(seconds)}</span>;
}

export function countWords(count: number): string {
  return count.toLocaleString("en-US");
}

/** A count with its noun: `<Count of={3} one="row" />` → "3 rows". */
export function Count({ of, one, many }: { readonly of: number | null; readonly one?: string; readonly many?: string }): ReactNode {
  if (of === null) return <span className="muted">–</span>;
  return (
    <>
      {countWords(of)}
      {one === undefined ? "" : ` ${of === 1 ? one : (many ?? `${one}s`)}`}
    </>
  );
}

/** A word that a click copies. */
export function Copy({
  text,
  label,
  children,
}: {
  readonly text: string;
  readonly label?: string;
  readonly children?: ReactNode;
}): ReactNode {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), COPIED_MS);
    } catch {
      getSelection()?.removeAllRanges();
    }
  };
  return (
    <button type="button" className="copy" title={`Copy ${text}`} aria-label={label} onClick={() => void copy()}>
      {label === undefined ? <span className="unseen">Copy </span> : null}
      {children ?? <code>{text}</code>}
      <span aria-live="polite">{copied ? <span className="copied">copied</span> : null}</span>
    </button>
  );
}
