// How the rows of an asset differ: counts, the columns that differ most, cells before and after.
import type { ReactNode } from "react";
import type { DiffAnswer } from "../../../../src/model/diff-answers.ts";
import type { JsonValue } from "../../../../src/model/json.ts";
import { Count, countWords } from "../../kit/values.tsx";

const COLUMNS_SHOWN = 8;

export function DataDiff({ diff }: { readonly diff: DiffAnswer }): ReactNode {
  const { before, after, rows, columns, samples, schema, key, notes } = diff;
  if (diff.isSame) return <p>All {countWords(after.rows)} rows are the same.</p>;
  return (
    <div className="stack data-diff">
      <h3>Rows</h3>
      <p>
        <Count of={before.rows} /> → <Count of={after.rows} one="row" />: <strong>+{countWords(rows.added)}</strong>,{" "}
        <strong>−{countWords(rows.removed)}</strong>
        {rows.changed === null ? "" : `, ${countWords(rows.changed)} changed, ${countWords(rows.same ?? 0)} the same`}
        <span className="muted">{key === null ? " · rows counted as they are: there is no key" : ` · by ${key.join(", ")}`}</span>
      </p>
      {schema.added.length + schema.removed.length + schema.retyped.length === 0 ? null : (
        <p className="mono">
          {[
            ...schema.added.map(({ name, type }) => `+ ${name} ${type}`),
            ...schema.removed.map(({ name }) => `− ${name}`),
            ...schema.retyped.map(({ name, before: old, after: now }) => `~ ${name} ${old} → ${now}`),
          ].join("  ")}
        </p>
      )}
      {columns.length === 0 ? null : (
        <p>
          Cells:{" "}
          {columns.slice(0, COLUMNS_SHOWN).map(({ column, changed }, index) => (
            <span key={column}>
              {index === 0 ? "" : ", "}
              <span className="mono">{column}</span> {countWords(changed)}
            </span>
          ))}
        </p>
      )}
      {samples.changed.length === 0 ? null : (
        <div className="table-box">
          <table aria-label="Some changed cells">
            <thead>
              <tr>
                <th>Key</th>
                <th>Column</th>
                <th>Before</th>
                <th>After</th>
              </tr>
            </thead>
            <tbody>
              {samples.changed.flatMap(({ key: name, cells }) =>
                cells.map((cell) => (
                  <tr key={`${JSON.stringify(name)} ${cell.column}`}>
                    <td className="mono">{Object.values(name).map(shown).join(" ")}</td>
                    <td className="mono">{cell.column}</td>
                    <td className="mono cell-before">{shown(cell.before)}</td>
                    <td className="mono cell-after">{shown(cell.after)}</td>
                  </tr>
                )),
              )}
            </tbody>
          </table>
        </div>
      )}
      <Samples label="Some rows that come" mark="+" rows={samples.added} />
      <Samples label="Some rows that go" mark="−" rows={samples.removed} />
      {notes.map((note) => (
        <p key={note} className="muted">
          {note}
        </p>
      ))}
    </div>
  );
}

function Samples({
  label,
  mark,
  rows,
}: {
  readonly label: string;
  readonly mark: string;
  readonly rows: DiffAnswer["samples"]["added"];
}): ReactNode {
  if (rows.length === 0) return null;
  return (
    <div>
      <h3>{label}</h3>
      <ul className="plain mono sample-rows">
        {rows.map((row) => (
          <li key={JSON.stringify(row)}>
            {mark}{" "}
            {Object.entries(row)
              .map(([name, value]) => `${name}=${shown(value)}`)
              .join("  ")}
          </li>
        ))}
      </ul>
    </div>
  );
}

function shown(value: JsonValue): string {
  return value === null ? "null" : typeof value === "string" ? value : JSON.stringify(value);
}
