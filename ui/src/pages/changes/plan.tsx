// The plan: what is built and why. What is shown is what is applied: the plan's text is taken when it is looked at, and refused when the world has moved.
import { useState, type ReactNode } from "react";
import type { PlanAnswer } from "../../../../src/model/answers.ts";
import { useAct } from "../../data/act.ts";
import { useRead } from "../../data/read.ts";
import { oneOf, text, usePageSearch } from "../../data/search.ts";
import { Button } from "../../kit/button.tsx";
import { CodeFrame } from "../../kit/code-frame.tsx";
import { Confirm } from "../../kit/confirm.tsx";
import { useGo } from "../../kit/link.tsx";
import { Page } from "../../kit/page.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Empty, States } from "../../kit/states.tsx";
import { toast } from "../../kit/toast.tsx";
import { Copy, Count, countWords, spanWords } from "../../kit/values.tsx";
import { links } from "../../links.ts";
import { AssetChange } from "./asset-change.tsx";
import { PlanRows } from "./plan-rows.tsx";
import { planTree } from "./tree.ts";

const WAYS = ["forward", "anew"] as const;
const search = { against: text, select: text, asset: text, way: oneOf(WAYS), part: text };

export function PlanPage({ tabs }: { readonly tabs: ReactNode }): ReactNode {
  const [{ against, select, asset, way, part }, setSearch] = usePageSearch(search);
  const project = useRead("project.show", {});
  const environments = useRead("environments.list", {});
  const input = {
    ...(against === undefined ? {} : { against }),
    ...(select === undefined ? {} : { select }),
    ...(part === undefined ? {} : { partition: part }),
    ...(way === "forward" ? { forwardOnly: true } : {}),
    ...(way === "anew" ? { fullRefresh: true } : {}),
  };
  const errors = project.data?.errors ?? [];
  const isBroken = errors.length > 0;
  const plan = useRead("plan.show", input, { enabled: !isBroken });
  const builds = plan.data?.nodes.filter(({ action }) => action !== "reuse").length ?? 0;
  const others = (environments.data?.environments ?? [])
    .map(({ environment }) => environment)
    .filter((name) => name !== environments.data?.current.environment);
  return (
    <Page
      name="Changes"
      title={plan.data === undefined || isBroken ? "Changes" : titleOf(plan.data)}
      note={plan.data === undefined || isBroken ? undefined : costOf(plan.data)}
      actions={<Apply input={input} builds={builds} plan={plan.data} disabled={isBroken || against !== undefined} />}
    >
      {tabs}
      {errors.length === 0 ? null : (
        <Panel
          title={errors.length === 1 ? "An error in the project's files" : `${errors.length} errors in the project's files`}
          sub={errors.length === 1 ? "the plan waits for it" : "the plan waits for them"}
          padded
        >
          <div className="stack">
            {errors.map((error) => (
              <CodeFrame
                key={`${error.code} ${error.message}`}
                error={
                  error.frame === null || error.location === undefined
                    ? error
                    : { ...error, location: { ...error.location, column: error.frame.column, length: error.frame.length } }
                }
                {...(error.frame === null
                  ? {}
                  : { source: { firstLine: error.frame.lines[0]?.number ?? 1, lines: error.frame.lines.map((line) => line.text) } })}
              />
            ))}
          </div>
        </Panel>
      )}
      {isBroken ? null : (
        <>
          <div className="filters">
            <label className="row muted">
              Against
              <select
                className="input"
                value={against ?? ""}
                onChange={(event) => setSearch({ against: event.target.value === "" ? undefined : event.target.value }, "push")}
              >
                <option value="">what readers see here</option>
                {others.map((name) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
                {against === undefined || others.includes(against) ? null : <option value={against}>{against}</option>}
              </select>
            </label>
            <label className="row muted">
              Builds
              <select
                className="input"
                value={way ?? ""}
                onChange={(event) => setSearch({ way: WAYS.find((each) => each === event.target.value) }, "push")}
              >
                <option value="">what changed</option>
                <option value="forward">what is new: stored rows stay</option>
                <option value="anew">everything anew</option>
              </select>
            </label>
            <Written
              key={`part ${part}`}
              value={part}
              label="Only these partitions"
              placeholder="2026-11-01..2026-11-07"
              onChange={(next) => setSearch({ part: next }, "push")}
            />
            <Written
              key={`select ${select}`}
              value={select}
              label="Only these assets"
              placeholder="+final.revenue, tag:finance …"
              onChange={(next) => setSearch({ select: next }, "push")}
            />
          </div>
          <States read={plan} lines={8}>
            {(answer) => {
              const tree = planTree(answer);
              const shown = tree.rows.find((row) => row.asset === asset) ?? tree.rows[0];
              return tree.rows.length === 0 ? (
                <Panel>
                  <Empty title="Nothing to do">
                    <p>
                      <Count of={answer.nodes.length} one="node" /> {answer.nodes.length === 1 ? "is" : "are"} as the project says. Change a
                      file, and what follows from it stands here.
                    </p>
                    <p>
                      <Copy text="millrace plan" />
                    </p>
                  </Empty>
                </Panel>
              ) : (
                <div className="cols">
                  <Panel title="Plan" sub={`${countWords(tree.rows.length)} to look at`}>
                    <PlanRows rows={tree.rows} current={shown?.asset} onShow={(next) => setSearch({ asset: next })} />
                    {tree.unchanged.length === 0 ? null : (
                      <details className="unchanged">
                        <summary>
                          <Count of={tree.unchanged.length} one="asset" /> as before
                        </summary>
                        <p className="mono">{tree.unchanged.join(", ")}</p>
                      </details>
                    )}
                  </Panel>
                  {shown === undefined ? null : <AssetChange key={shown.asset} row={shown} plan={answer} against={against} />}
                </div>
              );
            }}
          </States>
          {plan.data === undefined ? null : <Touched plan={plan.data} />}
        </>
      )}
    </Page>
  );
}

function titleOf({ nodes, changes }: PlanAnswer): string {
  const direct = (changes?.assets ?? []).filter(({ change }) => change !== "indirect").length;
  const builds = nodes.filter(({ action }) => action === "build").length;
  const removed = nodes.filter(({ action }) => action === "remove").length;
  if (builds + direct + removed === 0) return "Nothing to do";
  return [
    `${direct} changed`,
    `${builds} built`,
    ...(removed === 0 ? [] : [`${removed} removed`]),
    `${nodes.length - builds - removed} as before`,
  ].join(", ");
}

function costOf({ cost, nodes }: PlanAnswer): string {
  const removes = nodes.some(({ action }) => action === "remove");
  const total = cost?.total;
  return [
    ...(total?.seconds == null ? [] : [`about ${spanWords(total.seconds)}`]),
    ...(total?.rows == null ? [] : [`${countWords(total.rows)} rows`]),
    removes ? "removes what is gone from the project" : "nothing destructive",
  ].join(" · ");
}

interface WrittenProps {
  readonly value: string | undefined;
  readonly label: string;
  readonly placeholder: string;
  readonly onChange: (value: string | undefined) => void;
}

/** Taken when it is finished: half of it would be a mistake. */
function Written({ value, label, placeholder, onChange }: WrittenProps): ReactNode {
  const [written, setWritten] = useState(value ?? "");
  const say = (): void => {
    const words = written.trim() === "" ? undefined : written.trim();
    if (words !== value) onChange(words);
  };
  return (
    <input
      className="input mono plan-select"
      type="search"
      aria-label={label}
      placeholder={placeholder}
      value={written}
      onChange={(event) => setWritten(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") say();
      }}
      onBlur={say}
    />
  );
}

interface ApplyProps {
  readonly input: { readonly select?: string; readonly partition?: string; readonly forwardOnly?: boolean; readonly fullRefresh?: boolean };
  readonly builds: number;
  readonly plan: PlanAnswer | undefined;
  readonly disabled: boolean;
}

function Apply({ input, builds, plan, disabled }: ApplyProps): ReactNode {
  const go = useGo();
  const [kept, setKept] = useState<string | null>(null);
  const file = useAct("plan.file");
  const apply = useAct("plan.apply");
  const removed = plan?.nodes.filter(({ action }) => action === "remove") ?? [];
  const ask = async (): Promise<void> => {
    try {
      setKept((await file.run(input)).text);
    } catch (error) {
      toast((error as Error).message, { look: "fail" });
    }
  };
  const confirm = async (): Promise<void> => {
    if (kept === null) return;
    try {
      const { run } = await apply.run({ plan: kept });
      setKept(null);
      toast(`Applied by run ${run}`);
      go(links.run(run));
    } catch {
      // The dialog tells it.
    }
  };
  return (
    <>
      <Button
        look="primary"
        disabled={disabled || builds === 0}
        busy={file.isPending}
        onClick={() => void ask()}
        title={disabled ? "What is compared with something else is not applied" : undefined}
      >
        Apply…
      </Button>
      <Confirm
        open={kept !== null}
        title={`Apply this plan to ${builds === 1 ? "1 asset" : `${builds} assets`}`}
        act={`Apply to ${builds === 1 ? "1 asset" : `${builds} assets`}`}
        {...(removed.length === 0 ? {} : { type: String(removed.length) })}
        busy={apply.isPending}
        error={apply.error}
        onConfirm={() => void confirm()}
        onClose={() => {
          setKept(null);
          apply.clear();
        }}
      >
        <p>
          Exactly this is carried out, or nothing: when a definition, a source or what readers see has moved since, the plan is refused.
        </p>
        {removed.length === 0 ? null : (
          <p>
            <strong>{removed.length === 1 ? "1 asset goes" : `${removed.length} assets go`}</strong>:{" "}
            <span className="mono">{removed.map(({ asset }) => asset).join(", ")}</span>
          </p>
        )}
      </Confirm>
    </>
  );
}

/** What reads what changed, besides assets. */
function Touched({ plan }: { readonly plan: PlanAnswer }): ReactNode {
  const touched = plan.changes?.touched ?? [];
  const notes = [...(plan.notes ?? []), ...(plan.changes?.notes ?? [])];
  if (touched.length === 0 && notes.length === 0) return null;
  return (
    <Panel title="Also touched" padded>
      <ul className="plain stack">
        {touched.map(({ kind, name, why, breaks, file }) => (
          <li key={`${kind} ${name}`}>
            <span className={breaks ? "tag fail" : "tag"}>{breaks ? `${kind} breaks` : kind}</span> <span className="mono">{name}</span>{" "}
            {why} <span className="muted mono">{file}</span>
          </li>
        ))}
        {notes.map((note) => (
          <li key={note} className="second">
            {note}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
