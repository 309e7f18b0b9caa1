// Inbox: decisions that wait (approvals), rows that were set aside, failures; each with its age, what happens without a decision, and the decision itself.
import "./inbox.css";
import type { ReactNode } from "react";
import type { StatusAnswer } from "../../../../src/model/answers.ts";
import { useRead } from "../../data/read.ts";
import { oneOf, text, usePageSearch } from "../../data/search.ts";
import { ButtonLink } from "../../kit/button.tsx";
import { Link } from "../../kit/link.tsx";
import { Page as PageFrame } from "../../kit/page.tsx";
import { Filters, Find } from "../../kit/filters.tsx";
import { Panel } from "../../kit/panel.tsx";
import { RetryButton } from "../../kit/retry-button.tsx";
import { Sentence } from "../../kit/sentence.tsx";
import { Empty, NoMatch, States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Tabs } from "../../kit/tabs.tsx";
import { Copy, Count, Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";
import { Approval } from "./approval.tsx";
import { ApproveMany } from "./approve-many.tsx";
import { Decided } from "./decided.tsx";

const parts = ["all", "approvals", "quarantine", "failures", "stopped", "decided"] as const;
type Part = (typeof parts)[number];
type Need = StatusAnswer["needs"][number];
const search = { show: oneOf(parts), q: text };
const failures = new Set(["failed", "partitions", "job", "unplanned", "stuck", "connection"]);
const stopped = new Set(["paused", "trigger", "held", "missing"]);

export function Page(): ReactNode {
  const [{ show = "all", q }, setSearch] = usePageSearch(search);
  const status = useRead("status.show", { soon: true });
  const isMeant = (words: string): boolean => q === undefined || words.toLowerCase().includes(q.toLowerCase());
  const needs = (status.data?.needs ?? []).filter(({ what, why, about }) =>
    isMeant(`${what} ${why} ${about.asset ?? ""} ${about.job ?? ""}`),
  );
  const counts: Readonly<Record<Part, number>> = {
    all: needs.length,
    approvals: needs.filter(({ about }) => about.kind === "approval").length,
    quarantine: needs.filter(({ about }) => about.kind === "quarantine").length,
    failures: needs.filter(({ about }) => failures.has(about.kind)).length,
    stopped: needs.filter(({ about }) => stopped.has(about.kind)).length,
    decided: 0,
  };
  return (
    <PageFrame title="Inbox" note={status.data === undefined ? undefined : needs.length === 0 ? "nothing waits" : undefined}>
      <Tabs
        label="What waits"
        current={show}
        items={parts.map((id) => ({
          id,
          label: names[id],
          ...(id === "decided" ? {} : { count: counts[id] }),
          to: links.inbox(id === "all" ? undefined : { show: id }),
        }))}
      />
      <Filters label="Narrow the inbox" clear={q === undefined ? undefined : () => setSearch({ q: undefined })}>
        <Find
          label="Find in the inbox"
          placeholder="Asset, job, task or words of an error"
          width="long"
          value={q}
          onChange={(words) => setSearch({ q: words })}
        />
      </Filters>
      {show === "decided" ? <Decided isMeant={isMeant} /> : null}
      <States
        read={status}
        lines={8}
        isEmpty={() => counts[show] === 0}
        empty={
          show === "decided" ? (
            <></>
          ) : show === "all" && q === undefined ? (
            <Empty title="Nothing waits for you.">Failures, approvals and rows that were set aside come here.</Empty>
          ) : (
            <NoMatch what={names[show].toLowerCase()} clear={() => setSearch({ show: undefined, q: undefined })} />
          )
        }
      >
        {() => (
          <div className="stack inbox">
            {show === "all" || show === "failures" ? <Failures needs={needs.filter(({ about }) => failures.has(about.kind))} /> : null}
            {show === "all" || show === "approvals" ? <Approvals isMeant={isMeant} /> : null}
            {show === "all" || show === "quarantine" ? <Aside needs={needs.filter(({ about }) => about.kind === "quarantine")} /> : null}
            {show === "all" || show === "stopped" ? <Stopped needs={needs.filter(({ about }) => stopped.has(about.kind))} /> : null}
          </div>
        )}
      </States>
    </PageFrame>
  );
}

const names: Readonly<Record<Part, string>> = {
  all: "All",
  approvals: "Approvals",
  quarantine: "Set aside",
  failures: "Failures",
  stopped: "Stopped by somebody",
  decided: "Decided",
};

function Failures({ needs }: { readonly needs: readonly Need[] }): ReactNode {
  if (needs.length === 0) return null;
  return (
    <Panel title="Failures" sub="by cause; without a decision they stay as they are">
      <ul className="plain">
        {needs.map((need) => (
          <li key={need.what} className="inbox-item">
            <StatusMark status={need.about.kind === "stuck" ? "late" : "failed"} bare />
            <div>
              <div className="strong">{need.what}</div>
              <div className="second">
                <Sentence text={need.why.replace(/; it last succeeded at .*$/, "")} />
              </div>
              {need.about.since === undefined ? null : (
                <div className="muted">
                  <Time at={need.about.since} ago />
                  {need.about.lastSucceededAt === undefined ? null : (
                    <>
                      , last good <Time at={need.about.lastSucceededAt} />
                    </>
                  )}
                </div>
              )}
            </div>
            {need.about.run === undefined ? (
              <Copy text={need.command} />
            ) : (
              <div className="row">
                <ButtonLink small to={links.run(need.about.run)}>
                  Open run
                </ButtonLink>
                {need.about.kind === "stuck" ? null : (
                  <RetryButton run={need.about.run} name={need.about.asset ?? need.about.task ?? need.about.job ?? ""} />
                )}
              </div>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Approvals({ isMeant }: { readonly isMeant: (words: string) => boolean }): ReactNode {
  const read = useRead("approvals.list", {});
  const approvals = (read.data?.approvals ?? []).filter(({ run, task, job, title }) => isMeant(`${task} of ${run} ${title} ${job ?? ""}`));
  return (
    <States read={read} isEmpty={() => approvals.length === 0} empty={<></>}>
      {() => (
        <Panel
          title="Approvals"
          sub="without a decision their runs stand still; y approves, n rejects what has the focus"
          actions={<ApproveMany approvals={approvals} />}
        >
          <ul className="plain" data-list="">
            {approvals.map((approval) => (
              // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- y and n decide about the item that has the focus
              <li key={`${approval.run}/${approval.task}`} tabIndex={0} aria-label={approval.title}>
                <Approval approval={approval} />
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </States>
  );
}

function Aside({ needs }: { readonly needs: readonly Need[] }): ReactNode {
  if (needs.length === 0) return null;
  return (
    <Panel title="Set aside" sub="without a decision these rows are missing downstream">
      <table aria-label="Rows set aside">
        <thead>
          <tr>
            <th>Asset</th>
            <th>Rule</th>
            <th className="num">Rows</th>
            <th>
              <span className="unseen">Open</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {needs.map(({ what, why, about }) => (
            <tr key={`${what}/${why}`}>
              <td>
                <StatusMark status="quarantined" word={<span className="mono">{about.asset}</span>} />
              </td>
              <td className="mono grows">{about.rule}</td>
              <td className="num">
                <Count of={about.count ?? null} />
              </td>
              <td className="right">
                <Link className="link" to={links.quarantine(about.asset, about.rule === undefined ? {} : { rule: about.rule })}>
                  Decide
                </Link>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function Stopped({ needs }: { readonly needs: readonly Need[] }): ReactNode {
  if (needs.length === 0) return null;
  return (
    <Panel title="Stopped by somebody, or never begun">
      <ul className="plain">
        {needs.map((need) => (
          <li key={need.what} className="inbox-item">
            <StatusMark status={need.about.kind === "missing" ? "missing" : "paused"} bare />
            <div>
              <div className="strong">{need.what}</div>
              <div className="second">{need.why}</div>
            </div>
            <Copy text={need.command} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}
