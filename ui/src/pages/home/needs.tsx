// What needs a person: what is broken by cause, with since when, why and what it holds up; what waits, with the page where it is decided.
import type { ReactNode } from "react";
import type { StatusAnswer } from "../../../../src/model/answers.ts";
import { ButtonLink } from "../../kit/button.tsx";
import { Link } from "../../kit/link.tsx";
import { Panel } from "../../kit/panel.tsx";
import { RetryButton } from "../../kit/retry-button.tsx";
import { Sentence } from "../../kit/sentence.tsx";
import { Empty } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Copy, Count, Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";

export type Need = StatusAnswer["needs"][number];

const NAMES_SHOWN = 4;

export function Broken({ needs }: { readonly needs: readonly Need[] }): ReactNode {
  return (
    <Panel title="Broken now" sub="by cause">
      <ul className="plain">
        {byCause(needs).map(([need, ...alike]) => (
          <BrokenOne key={need.what} need={need} alike={alike} />
        ))}
      </ul>
    </Panel>
  );
}

/** What failed in one run with the same words is one thing to look at: the first stands for the others, and one retry is for all. */
function byCause(needs: readonly Need[]): readonly (readonly [Need, ...Need[]])[] {
  const found = new Map<string, [Need, ...Need[]]>();
  for (const need of needs) {
    const { kind, asset, code, run = "" } = need.about;
    const words = asset === undefined ? need.why : untimed(need.why).replaceAll(asset, "");
    const key = kind === "failed" && code !== undefined ? `${run} ${code} ${words}` : need.what;
    const group = found.get(key);
    if (group === undefined) found.set(key, [need]);
    else group.push(need);
  }
  return [...found.values()];
}

function BrokenOne({ need, alike }: { readonly need: Need; readonly alike: readonly Need[] }): ReactNode {
  const { about } = need;
  const held = about.holdsUp ?? [];
  const name = about.asset ?? about.task ?? about.job ?? about.connection;
  return (
    <li className="need">
      <StatusMark status={about.kind === "stuck" ? "late" : "failed"} bare />
      <div className="stack need-words">
        <div className="row wrap">
          {about.asset === undefined ? (
            <span className="strong">{about.kind === "failed" && name !== undefined ? name : need.what}</span>
          ) : (
            <Link className="strong mono" to={links.asset(about.asset)}>
              {about.asset}
            </Link>
          )}
          {about.code === undefined ? null : <span className="tag fail">{about.code}</span>}
          {about.since === undefined ? null : (
            <span className="muted">
              {about.kind === "failed" || about.kind === "job" ? "failed" : "since"} <Time at={about.since} ago />
              {about.lastSucceededAt === undefined ? null : (
                <>
                  , last good <Time at={about.lastSucceededAt} />
                </>
              )}
            </span>
          )}
        </div>
        <div className="second">
          <Sentence text={untimed(need.why)} />
        </div>
        <Named words="the same in" names={alike.map((each) => each.about.asset ?? each.what)} />
        <Named words="holds up" names={held} />
      </div>
      <div className="row need-acts no-print">
        {about.run === undefined ? (
          <Copy text={need.command} />
        ) : (
          <>
            <ButtonLink small to={links.run(about.run)}>
              Open run
            </ButtonLink>
            {about.kind === "stuck" ? null : <RetryButton run={about.run} name={name ?? about.run} />}
          </>
        )}
      </div>
    </li>
  );
}

function Named({ words, names }: { readonly words: string; readonly names: readonly string[] }): ReactNode {
  if (names.length === 0) return null;
  return (
    <div className="row wrap">
      <span className="muted">{words}</span>
      {names.slice(0, NAMES_SHOWN).map((name) =>
        name.startsWith("task:") ? (
          <code key={name}>{name}</code>
        ) : (
          <Link key={name} className="link mono" to={links.asset(name)}>
            {name}
          </Link>
        ),
      )}
      {names.length > NAMES_SHOWN ? <span className="muted">and {names.length - NAMES_SHOWN} more</span> : null}
    </div>
  );
}

/** The sentence without the times that stand beside the name already. */
function untimed(why: string): string {
  return why.replace(/; it last succeeded at .*$/, "").replace(/^since \S+ \([^)]*\): /, "");
}

export function Waiting({ needs }: { readonly needs: readonly Need[] }): ReactNode {
  const aside = quarantined(needs);
  const rest = needs.filter(({ about }) => about.kind !== "quarantine");
  if (needs.length === 0)
    return (
      <Panel title="Waits for you">
        <Empty>Nothing waits for a decision.</Empty>
      </Panel>
    );
  return (
    <Panel
      title="Waits for you"
      actions={
        <Link className="link" to={links.inbox()}>
          Inbox
        </Link>
      }
    >
      <ul className="plain lines">
        {rest.map((need) => (
          <li key={need.what}>
            <Link to={placeOf(need)}>
              <StatusMark status={statusOf(need)} bare />
              <span className="grow">
                <span className="strong">{need.about.kind === "approval" ? need.why : need.what}</span>
                <br />
                <span className="second">{need.about.kind === "approval" ? <Asked about={need.about} /> : need.why}</span>
              </span>
            </Link>
          </li>
        ))}
        {aside.map(({ asset, rows, rules }) => (
          <li key={asset}>
            <Link to={links.quarantine(asset)}>
              <StatusMark status="quarantined" bare />
              <span className="grow">
                <span className="strong">
                  <Count of={rows} one="row" /> of <span className="mono">{asset}</span> set aside
                </span>
                <br />
                <span className="second">{rules.join(", ")}</span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Asked({ about: { task, job, since } }: Pick<Need, "about">): ReactNode {
  return (
    <>
      {task} of {job ?? "a run by hand"} waits for a decision
      {since === undefined ? null : (
        <>
          {" "}
          since <Time at={since} />
        </>
      )}
    </>
  );
}

function statusOf({ about }: Need): string {
  return about.kind === "missing" ? "missing" : about.kind === "approval" ? "waiting" : about.kind === "held" ? "partial" : "paused";
}

/** Where it is decided. */
function placeOf({ about }: Need): string {
  if (about.kind === "approval") return links.inbox({ show: "approvals" });
  if (about.kind === "missing") return links.catalog({ status: "missing" });
  if (about.run !== undefined) return links.run(about.run);
  if (about.kind === "held" && about.asset !== undefined) return links.asset(about.asset, "history");
  return links.automations(about.job === undefined ? undefined : { job: about.job });
}

/** One line per asset instead of one per rule. */
function quarantined(
  needs: readonly Need[],
): readonly { readonly asset: string; readonly rows: number; readonly rules: readonly string[] }[] {
  const found = new Map<string, { rows: number; rules: string[] }>();
  for (const { about } of needs) {
    if (about.kind !== "quarantine" || about.asset === undefined) continue;
    const entry = found.get(about.asset) ?? { rows: 0, rules: [] };
    entry.rows += about.count ?? 0;
    entry.rules.push(`${about.count} ${about.rule}`);
    found.set(about.asset, entry);
  }
  return [...found].map(([asset, each]) => ({ asset, ...each }));
}
