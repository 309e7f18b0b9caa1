// One asset of a plan: why it changes with the lines, its columns and settings, what its source would bring, and how its rows would differ.
import { useState, type ReactNode } from "react";
import type { PlanAnswer } from "../../../../src/model/answers.ts";
import type { ColumnChangeAnswer, PlaceAnswer } from "../../../../src/model/change-answers.ts";
import { useRead } from "../../data/read.ts";
import { Button } from "../../kit/button.tsx";
import { ButtonLink } from "../../kit/button.tsx";
import { Panel } from "../../kit/panel.tsx";
import { States } from "../../kit/states.tsx";
import { links } from "../../links.ts";
import { DataDiff } from "./data-diff.tsx";
import { ChangeMark } from "./plan-rows.tsx";
import type { PlanRow } from "./tree.ts";

interface AssetChangeProps {
  readonly row: PlanRow;
  readonly plan: PlanAnswer;
  readonly against: string | undefined;
}

export function AssetChange({ row, plan, against }: AssetChangeProps): ReactNode {
  const [wantsData, setWantsData] = useState(false);
  const { asset, change } = row;
  const node = plan.nodes.find((each) => each.asset === asset);
  const schema = plan.schema?.find((each) => each.asset === asset);
  const interval = plan.intervals?.find((each) => each.asset === asset);
  const reasons = change?.reasons ?? [];
  return (
    <Panel
      className="asset-change"
      title={<span className="mono">{asset}</span>}
      sub={<ChangeMark row={row} />}
      actions={
        <>
          <ButtonLink small look="quiet" to={links.asset(asset)}>
            Open
          </ButtonLink>
          {row.action === "build" && !wantsData ? (
            <Button small onClick={() => setWantsData(true)}>
              Data diff
            </Button>
          ) : null}
        </>
      }
      padded
    >
      <div className="stack">
        {reasons.length === 0 ? <p>{row.reason === "" ? "It is as it was." : row.reason}</p> : null}
        {reasons.map((reason, index) => (
          <div key={`${reason.text} ${reason.place?.line ?? 0}`}>
            <p>{reason.text}</p>
            {isSame(reason.place, reasons[index - 1]?.place ?? null) ? null : <Line place={reason.place} />}
          </div>
        ))}
        {node === undefined || reasons.length === 0 || node.action === "reuse" ? null : (
          <p className="muted">
            {node.action === "build" ? "is built: " : "goes: "}
            {node.reason}
          </p>
        )}
        {interval === undefined ? null : (
          <p className="muted">
            {interval.count} parts, {interval.from} to {interval.to}
          </p>
        )}
        {change === null || change.columns.length === 0 ? null : <Columns columns={change.columns} />}
        {change === null || change.settings.length === 0 ? null : (
          <ul className="plain">
            {change.settings.map((setting) => (
              <li key={setting.key}>
                <span className="mono">{setting.key}</span> {setting.change}: <span className="mono muted">{setting.before ?? "–"}</span> →{" "}
                <span className="mono">{setting.after ?? "–"}</span>
              </li>
            ))}
          </ul>
        )}
        {schema === undefined ? null : (
          <div className="stack">
            <h3>What the next load would change</h3>
            {schema.changes.map((each) => (
              <p key={`${each.column} ${each.change}`}>
                <span className="mono">{each.column}</span> {each.change}: {each.detail} <span className="muted">({each.policy})</span>
              </p>
            ))}
            {schema.fails === null ? null : (
              <p className="status fail">
                {schema.fails.code}: {schema.fails.message}
              </p>
            )}
            {schema.breaks.map((each) => (
              <p key={each.message} className="status fail">
                {each.message} {each.file === null ? "" : `${each.file}:${each.line ?? 1}`}
              </p>
            ))}
          </div>
        )}
        {wantsData ? <Data asset={asset} against={against} /> : null}
      </div>
    </Panel>
  );
}

function isSame(one: PlaceAnswer | null, other: PlaceAnswer | null): boolean {
  return one !== null && other !== null && one.file === other.file && one.line === other.line;
}

function Line({ place }: { readonly place: PlaceAnswer | null }): ReactNode {
  if (place === null) return null;
  return (
    <div className="frame">
      <div className="m">
        {place.file}:{place.line}
      </div>
      {place.text === undefined ? null : (
        <div>
          <span className="m">{place.line} │ </span>
          {place.text}
        </div>
      )}
    </div>
  );
}

const COLUMN_WORDS: Readonly<Record<ColumnChangeAnswer["change"], string>> = {
  added: "+",
  removed: "−",
  renamed: "→",
  retyped: "~",
  changed: "~",
};

function Columns({ columns }: { readonly columns: readonly ColumnChangeAnswer[] }): ReactNode {
  return (
    <table aria-label="Columns that change">
      <thead>
        <tr>
          <th>Column</th>
          <th>Type</th>
          <th>Read by</th>
        </tr>
      </thead>
      <tbody>
        {columns.map(({ column, change, from, type, readBy }) => (
          <tr key={`${column} ${change}`}>
            <td>
              <span className="mono">
                {COLUMN_WORDS[change]} {from === undefined ? "" : `${from} → `}
                {column}
              </span>{" "}
              <span className="muted">{change}</span>
            </td>
            <td className="mono muted">
              {type.before === type.after || type.before === null ? type.after : `${type.before} → ${type.after ?? "gone"}`}
            </td>
            <td className="mono grows">{readBy.length === 0 ? "" : readBy.join(", ")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Data({ asset, against }: { readonly asset: string; readonly against: string | undefined }): ReactNode {
  const read = useRead("plan.show", { select: asset, data: [asset], ...(against === undefined ? {} : { against }) });
  return (
    <States read={read} lines={3} isEmpty={({ data }) => (data ?? []).length === 0} empty={<p className="muted">Only a run can tell.</p>}>
      {({ data = [] }) => (
        <>
          {data.map((diff) => (
            <DataDiff key={diff.asset} diff={diff} />
          ))}
        </>
      )}
    </States>
  );
}
