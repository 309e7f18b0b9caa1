// What changed since yesterday, as far as a person may look for it at night: what somebody released, promoted or took back, and columns that came, went or changed.
import { useState, type ReactNode } from "react";
import type { AuditEntryAnswer } from "../../../../src/model/access.ts";
import { useRead } from "../../data/read.ts";
import { Link } from "../../kit/link.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ENTRIES_MAX = 200;
const SHOWN_MAX = 8;

/** Acts that change what readers see, what runs, or what is asked for. */
const words: Readonly<Record<string, string>> = {
  deploy: "deployed",
  "plan.apply": "applied a plan",
  "environments.promote": "promoted",
  "environments.rollback": "took a promotion back",
  "environments.drop": "dropped",
  "assets.rollback": "went back to an earlier version of",
  "assets.release": "released",
  "assets.replay": "replayed",
  "sources.add": "added",
  "contracts.import": "imported a contract for",
  "triggers.pause": "paused",
  "triggers.resume": "resumed",
};

interface Changed {
  readonly key: string;
  readonly at: string;
  readonly who: string | null;
  readonly what: string;
  readonly to: string;
}

export function SinceYesterday(): ReactNode {
  // By whole hours, so that what was asked for before is shown again.
  const [since] = useState(() => Math.floor((Date.now() - DAY_MS) / HOUR_MS) * HOUR_MS);
  const audit = useRead("audit.list", { since, limit: ENTRIES_MAX });
  const drift = useRead("assets.drift", { since });
  const changed = [
    ...(audit.data?.entries ?? []).flatMap(ofEntry),
    ...(drift.data?.changes ?? []).map(({ asset, at, what }) => ({
      key: `${asset} ${at}`,
      at,
      who: asset,
      what,
      to: links.asset(asset, "schema"),
    })),
  ].toSorted((a, b) => (a.at < b.at ? 1 : -1));
  if (changed.length === 0) return null;
  return (
    <Panel
      title="Changed since yesterday"
      actions={
        <Link className="link" to={links.settings("audit")}>
          All acts
        </Link>
      }
    >
      <ul className="plain lines">
        {changed.slice(0, SHOWN_MAX).map(({ key, at, who, what, to }) => (
          <li key={key}>
            <Link to={to}>
              <span className="grow changed-words">
                <span className="strong">{who}</span> <span className="second">{what}</span>
              </span>
              <span className="muted">
                <Time at={at} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {changed.length > SHOWN_MAX ? <p className="pad muted">and {changed.length - SHOWN_MAX} more</p> : null}
    </Panel>
  );
}

function ofEntry({ entry, at, by, act, subject, why, error }: AuditEntryAnswer): readonly Changed[] {
  const word = words[act];
  if (word === undefined || error !== null) return [];
  const what = [word, subject ?? "", why === null || why === "" ? "" : `(${why})`].filter((part) => part !== "").join(" ");
  return [{ key: `act ${entry}`, at, who: by, what, to: placeOf(act, subject) }];
}

/** Where to look at what was done. */
function placeOf(act: string, subject: string | null): string {
  if (act.startsWith("assets.") && subject !== null) return links.asset(subject, "history");
  if (act.startsWith("triggers.") && subject !== null) return links.automations({ job: subject.split("/")[0]! });
  if (act.startsWith("environments.") || act === "plan.apply" || act === "deploy") return links.changes();
  return links.settings("audit");
}
