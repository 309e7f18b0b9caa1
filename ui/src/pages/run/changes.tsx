// What changed since the last run that went well: code, columns, parameters, steps, rows; what is known to be the same is said in one line.
import type { ReactNode } from "react";
import type { RunChangesAnswer } from "../../../../src/model/run-answers.ts";
import { useRead } from "../../data/read.ts";
import { Link } from "../../kit/link.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Empty, States } from "../../kit/states.tsx";
import { Count, Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";
import { NodeLink } from "./step.tsx";

const ROWS_SHOWN = 8;

export function Changes({ run }: { readonly run: string }): ReactNode {
  const read = useRead("runs.changes", { run }, { fresh: true });
  const since = read.data?.since;
  return (
    <Panel
      title="What changed since the last success"
      sub={
        since == null ? undefined : (
          <Link className="link" to={links.run(since.run)}>
            <Time at={since.startedAt} />
          </Link>
        )
      }
    >
      <States
        read={read}
        isEmpty={(answer) => answer.since === null}
        empty={<Empty>No earlier run of this is kept that went well: there is nothing to compare with.</Empty>}
      >
        {(answer) => <Table answer={answer} />}
      </States>
    </Panel>
  );
}

function Table({ answer }: { readonly answer: RunChangesAnswer }): ReactNode {
  const { code, schema, params, rows, steps } = answer;
  const same = [
    code.length === 0 ? "code" : null,
    schema.length === 0 ? "columns" : null,
    params.length === 0 ? "parameters" : null,
    steps.added.length + steps.removed.length === 0 ? "steps" : null,
  ].filter((each) => each !== null);
  return (
    <dl className="pairs pad">
      {code.map(({ node, change, why }) => (
        <Line key={`code ${node}`} head="Code">
          <NodeLink name={node} />{" "}
          <span className={change === "breaking" ? "tag warn" : "tag"}>{change === "breaking" ? "breaking" : "compatible"}</span>{" "}
          <span className="second">{why}</span>
        </Line>
      ))}
      {schema.map(({ asset, at, what }) => (
        <Line key={`schema ${asset} ${at}`} head="Columns">
          <NodeLink name={asset} /> <span className="second">{what}</span>
        </Line>
      ))}
      {params.map(({ name, before, after }) => (
        <Line key={`param ${name}`} head="Parameter">
          <code>{name}</code> <span className="second">{before ?? "none"}</span> → <span>{after ?? "none"}</span>
        </Line>
      ))}
      {steps.added.length === 0 ? null : <Line head="New steps">{steps.added.join(", ")}</Line>}
      {steps.removed.length === 0 ? null : <Line head="Steps gone">{steps.removed.join(", ")}</Line>}
      {rows.slice(0, ROWS_SHOWN).map(({ node, before, after }) => (
        <Line key={`rows ${node}`} head="Rows">
          <NodeLink name={node} />{" "}
          <span className="second">
            <Count of={before} /> → {after === null ? "did not get that far" : <Count of={after} />}
            {after === null || before === 0 ? null : ` (${signed(((after - before) / before) * 100)} %)`}
          </span>
        </Line>
      ))}
      {same.length === 0 ? null : (
        <Line head="The same">
          <span className="second">{same.join(", ")}</span>
        </Line>
      )}
    </dl>
  );
}

function Line({ head, children }: { readonly head: string; readonly children: ReactNode }): ReactNode {
  return (
    <>
      <dt>{head}</dt>
      <dd>{children}</dd>
    </>
  );
}

function signed(percent: number): string {
  const text = Math.abs(percent) < 10 ? percent.toFixed(1) : Math.round(percent).toLocaleString("en-US");
  return percent > 0 ? `+${text}` : text.replace("-", "−");
}
