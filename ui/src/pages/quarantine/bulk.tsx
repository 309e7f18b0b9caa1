// One correction for many records: SQL for a column, and which records it is meant for. Suggestions of the grid fill it in.
import { useState, type ReactNode } from "react";
import type { QuarantineRecordsAnswer, QuarantineSuggestion } from "../../../../src/model/quarantine-answers.ts";
import { Button } from "../../kit/button.tsx";
import { Field } from "../../kit/field.tsx";
import { Panel } from "../../kit/panel.tsx";
import type { Decision } from "./decision.ts";

interface BulkProps {
  readonly answer: QuarantineRecordsAnswer;
  readonly rule: string | undefined;
  readonly onDecide: (decision: Decision) => void;
}

export function Bulk({ answer, rule, onDecide }: BulkProps): ReactNode {
  const failing = answer.records[0]?.failing[0] ?? 0;
  const [column, setColumn] = useState(answer.columns[failing]?.name ?? "");
  const [set, setSet] = useState("");
  const [where, setWhere] = useState("");
  const ideas = distinct(answer);
  const submit = (): void => {
    if (set.trim() === "") return;
    onDecide({
      act: "fix",
      count: null,
      input: {
        named: [answer.asset],
        set: { [column]: set },
        ...(where.trim() === "" ? {} : { where }),
        ...(rule === undefined ? {} : { rule }),
      },
    });
  };
  return (
    <Panel
      title="Fix by expression"
      sub={`for every record that waits${rule === undefined ? "" : ` because of ${rule}`}; columns are text as received`}
      padded
    >
      <form
        className="q-bulk"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Field label="Column">
          {(id) => (
            <select id={id} className="input" value={column} onChange={(event) => setColumn(event.target.value)}>
              {answer.columns.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          )}
        </Field>
        <Field label="becomes (SQL)">
          {(id) => (
            <input
              id={id}
              className="input mono"
              spellCheck={false}
              autoComplete="off"
              placeholder={`replace(${column}, ' USD', '')`}
              value={set}
              onChange={(event) => setSet(event.target.value)}
            />
          )}
        </Field>
        <Field label="where (SQL, none: all)">
          {(id) => (
            <input
              id={id}
              className="input mono"
              spellCheck={false}
              autoComplete="off"
              placeholder={`${column} like '% USD'`}
              value={where}
              onChange={(event) => setWhere(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" look="primary" disabled={set.trim() === ""}>
          Preview
        </Button>
      </form>
      {ideas.length === 0 ? null : (
        <div className="filters q-ideas">
          <span className="muted">What may have been meant:</span>
          {ideas.map(({ suggestion, count }) => (
            <Button
              small
              key={`${suggestion.column} ${suggestion.why}`}
              onClick={() => {
                setColumn(suggestion.column);
                setSet(suggestion.set);
                setWhere(suggestion.where);
              }}
            >
              {suggestion.column}: {suggestion.why} <span className="muted">{count}</span>
            </Button>
          ))}
        </div>
      )}
    </Panel>
  );
}

function distinct({ records }: QuarantineRecordsAnswer): readonly { readonly suggestion: QuarantineSuggestion; readonly count: number }[] {
  const found = new Map<string, { suggestion: QuarantineSuggestion; count: number }>();
  for (const { suggestion } of records) {
    if (suggestion === null) continue;
    const key = `${suggestion.column} ${suggestion.set} ${suggestion.where}`;
    found.set(key, { suggestion, count: (found.get(key)?.count ?? 0) + 1 });
  }
  return [...found.values()].toSorted((a, b) => b.count - a.count);
}
