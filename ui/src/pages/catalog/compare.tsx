// Two assets side by side: how they stand, how large they are, and which columns one has and the other has not, or of another type.
import type { ReactNode } from "react";
import type { DescribeAnswer } from "../../../../src/model/answers.ts";
import { useRead } from "../../data/read.ts";
import { Button } from "../../kit/button.tsx";
import { Link } from "../../kit/link.tsx";
import { Panel } from "../../kit/panel.tsx";
import { States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Count, Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";

type Described = DescribeAnswer["asset"];

export function Compare({ assets, onClose }: { readonly assets: readonly [string, string]; readonly onClose: () => void }): ReactNode {
  const one = useRead("assets.describe", { asset: assets[0] }, { fresh: true });
  const other = useRead("assets.describe", { asset: assets[1] }, { fresh: true });
  return (
    <Panel
      title="Two assets side by side"
      actions={
        <Button small look="quiet" onClick={onClose}>
          Close
        </Button>
      }
    >
      <States read={one} lines={6}>
        {(first) => <States read={other}>{(second) => <Beside one={first.asset} other={second.asset} />}</States>}
      </States>
    </Panel>
  );
}

function Beside({ one, other }: { readonly one: Described; readonly other: Described }): ReactNode {
  const both = [one, other];
  const names = [...new Set(both.flatMap(({ columns }) => columns.map(({ name }) => name)))];
  const typeOf = ({ columns }: Described, name: string): string | null =>
    columns.find((each) => each.name === name)?.type.toLowerCase() ?? null;
  const facts: readonly (readonly [word: string, cell: (asset: Described) => ReactNode])[] = [
    ["Status", ({ status }) => <StatusMark status={status} />],
    ["Kind", ({ materialize, kind }) => materialize ?? kind],
    ["Rows", ({ rows }) => <Count of={rows} />],
    ["Updated", ({ updatedAt }) => <Time at={updatedAt} ago />],
    ["Owner", ({ owner }) => owner ?? "–"],
    ["Tags", ({ tags }) => (tags.length === 0 ? "–" : tags.join(", "))],
    ["Checks", ({ checks }) => `${checks.filter(({ status }) => status === "passed").length} of ${checks.length} pass`],
    ["Reads", ({ upstream }) => (upstream.length === 0 ? "–" : upstream.join(", "))],
    ["Read by", ({ downstream }) => (downstream.length === 0 ? "–" : downstream.join(", "))],
    ["In quarantine", ({ quarantined }) => <Count of={quarantined} />],
  ];
  return (
    <div className="table-box">
      <table aria-label={`${one.asset} beside ${other.asset}`}>
        <thead>
          <tr>
            <th>
              <span className="unseen">What</span>
            </th>
            {both.map(({ asset }) => (
              <th key={asset}>
                <Link className="link mono" to={links.asset(asset)}>
                  {asset}
                </Link>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {facts.map(([word, cell]) => (
            <tr key={word}>
              <td className="muted">{word}</td>
              <td>{cell(one)}</td>
              <td>{cell(other)}</td>
            </tr>
          ))}
          {names.map((name) => {
            const types = both.map((asset) => typeOf(asset, name));
            return (
              <tr key={`column ${name}`} className={types[0] === types[1] ? undefined : "differs"}>
                <td className="mono">{name}</td>
                {types.map((type, place) => (
                  <td key={both[place]!.asset} className="mono">
                    {type ?? <span className="muted">has it not</span>}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
