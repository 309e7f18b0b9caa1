// Two runs side by side: what they were asked for, how long and how much each step took in both; what differs is marked by a word.
import type { ReactNode } from "react";
import type { RunShowAnswer } from "../../../../src/model/answers.ts";
import { useRead } from "../../data/read.ts";
import { Button } from "../../kit/button.tsx";
import { Link } from "../../kit/link.tsx";
import { Panel } from "../../kit/panel.tsx";
import { States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Count, Duration, Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";

type Node = RunShowAnswer["nodes"][number];

interface CompareProps {
  readonly one: string;
  readonly other: string;
  readonly onClose: () => void;
}

export function Compare({ one, other, onClose }: CompareProps): ReactNode {
  const [first, second] = [useRead("runs.show", { run: one }), useRead("runs.show", { run: other })];
  return (
    <Panel
      title="Two runs compared"
      actions={
        <Button small look="quiet" onClick={onClose}>
          Close
        </Button>
      }
    >
      <States read={first}>{(a) => <States read={second}>{(b) => <Table runs={[a, b]} />}</States>}</States>
    </Panel>
  );
}

function Table({ runs }: { readonly runs: readonly [RunShowAnswer, RunShowAnswer] }): ReactNode {
  const nodes = runs.map((answer) => new Map(answer.nodes.map((node) => [nameOf(node), node])));
  const names = [...new Set(runs.flatMap((answer) => answer.nodes.map(nameOf)))];
  const ordered = names.toSorted((a, b) => Number(differs(nodes, b)) - Number(differs(nodes, a)));
  const params = [...new Set(runs.flatMap(({ run }) => Object.keys(run.params)))];
  return (
    <div className="table-box">
      <table aria-label="Two runs compared">
        <thead>
          <tr>
            <th>What</th>
            {runs.map(({ run }) => (
              <th key={run.run}>
                <Link className="link mono" to={links.run(run.run)}>
                  {run.run}
                </Link>
              </th>
            ))}
            <th>Difference</th>
          </tr>
        </thead>
        <tbody>
          <Row
            name="Status"
            cells={runs.map(({ run }) => (
              <StatusMark key={run.run} status={run.status} />
            ))}
            isOther={runs[0].run.status !== runs[1].run.status}
          />
          <Row name="Job" cells={runs.map(({ run }) => run.job ?? "by hand")} isOther={runs[0].run.job !== runs[1].run.job} />
          <Row name="Trigger" cells={runs.map(({ run }) => run.trigger)} isOther={runs[0].run.trigger !== runs[1].run.trigger} />
          <Row
            name="Began"
            cells={runs.map(({ run }) => (
              <Time key={run.run} at={run.startedAt} />
            ))}
          />
          <Row
            name="Took"
            cells={runs.map(({ run }) => (
              <Duration key={run.run} seconds={run.seconds} />
            ))}
          />
          {params.map((name) => (
            <Row
              key={name}
              name={name}
              cells={runs.map(({ run }) => run.params[name] ?? "–")}
              isOther={runs[0].run.params[name] !== runs[1].run.params[name]}
            />
          ))}
          {ordered.map((name) => (
            <Row
              key={`step ${name}`}
              name={name}
              cells={nodes.map((each, index) => (
                <Cell key={index === 0 ? "one" : "other"} node={each.get(name)} />
              ))}
              isOther={differs(nodes, name)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({
  name,
  cells,
  isOther,
}: {
  readonly name: string;
  readonly cells: readonly ReactNode[];
  /** Undefined: nobody expects it to be the same. */
  readonly isOther?: boolean;
}): ReactNode {
  return (
    <tr className={isOther === true ? "differs" : undefined}>
      <th scope="row" className="mono">
        {name}
      </th>
      <td>{cells[0]}</td>
      <td>{cells[1]}</td>
      <td>
        {isOther === undefined ? null : isOther ? <StatusMark status="warned" word="differs" /> : <span className="muted">same</span>}
      </td>
    </tr>
  );
}

function Cell({ node }: { readonly node: Node | undefined }): ReactNode {
  if (node === undefined) return <span className="muted">not in this run</span>;
  const last = node.attempts.at(-1);
  const seconds = last?.finishedAt == null ? null : (Date.parse(last.finishedAt) - Date.parse(last.startedAt)) / 1_000;
  return (
    <span className="row wrap">
      <StatusMark status={node.status} />
      {seconds === null ? null : <Duration seconds={seconds} />}
      {node.rows === null ? null : <Count of={node.rows.loaded} one="row" />}
      {node.error === null ? null : <span className="tag fail">{node.error.code}</span>}
    </span>
  );
}

/** Another outcome, other rows, or in one of them only. */
function differs(nodes: readonly ReadonlyMap<string, Node>[], name: string): boolean {
  const [a, b] = nodes.map((each) => each.get(name));
  return a?.status !== b?.status || a?.rows?.loaded !== b?.rows?.loaded || a?.error?.code !== b?.error?.code;
}

function nameOf({ asset, task, partition }: Node): string {
  const name = asset ?? `task:${task ?? ""}`;
  return partition === undefined ? name : `${name}[${partition}]`;
}
