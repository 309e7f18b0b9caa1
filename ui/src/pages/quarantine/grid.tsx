// The records as a grid: arrows go from cell to cell, Enter edits, s takes the suggestion, x selects. The cell that breaks the rule is marked by colour, hatch and a word.
import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import type { QuarantineRecord, QuarantineRecordsAnswer } from "../../../../src/model/quarantine-answers.ts";
import { StatusShape } from "../../kit/status.tsx";
import { withCell, type Edits } from "./edits.ts";

export interface GridProps {
  readonly answer: QuarantineRecordsAnswer;
  readonly edits: Edits;
  readonly onEdits: (edits: Edits) => void;
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (selected: ReadonlySet<string>) => void;
  /** The record that the address names. */
  readonly current: string | undefined;
  readonly onCurrent: (id: string) => void;
}

interface Place {
  readonly row: number;
  readonly column: number;
}

export function Grid({ answer, edits, onEdits, selected, onSelect, current, onCurrent }: GridProps): ReactNode {
  const { records, columns } = answer;
  const box = useRef<HTMLDivElement>(null);
  const named = records.findIndex(({ id }) => id === current);
  const [at, setAt] = useState<Place>({ row: Math.max(0, named), column: records[Math.max(0, named)]?.failing[0] ?? 0 });
  const [editing, setEditing] = useState<Place | null>(null);
  const row = Math.min(at.row, records.length - 1);
  const canFix = answer.acts.includes("fix");

  const goTo = (place: Place): void => {
    const next = {
      row: Math.max(0, Math.min(records.length - 1, place.row)),
      column: Math.max(0, Math.min(columns.length - 1, place.column)),
    };
    setAt(next);
    const record = records[next.row];
    if (record !== undefined && next.row !== row) onCurrent(record.id);
    requestAnimationFrame(() => {
      const cell = box.current?.querySelector<HTMLElement>(`[data-cell="${next.row} ${next.column}"]`);
      cell?.focus();
      cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
    });
  };
  const toggle = (id: string): void => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    onSelect(next);
  };
  const press = (event: KeyboardEvent, record: QuarantineRecord): void => {
    if (event.metaKey || event.ctrlKey || event.altKey || event.target !== event.currentTarget) return;
    const { column } = at;
    const moves: Readonly<Record<string, Place>> = {
      ArrowDown: { row: row + 1, column },
      j: { row: row + 1, column: records[row + 1]?.failing[0] ?? column },
      ArrowUp: { row: row - 1, column },
      k: { row: row - 1, column: records[row - 1]?.failing[0] ?? column },
      ArrowLeft: { row, column: column - 1 },
      ArrowRight: { row, column: column + 1 },
      Home: { row, column: 0 },
      End: { row, column: columns.length - 1 },
      PageDown: { row: row + 15, column },
      PageUp: { row: row - 15, column },
    };
    const to = moves[event.key];
    if (to !== undefined) goTo(to);
    else if (event.key === "x" || event.key === " ") toggle(record.id);
    else if (event.key === "s") suggest(record);
    else if (event.key === "Enter" && canFix) setEditing({ row, column });
    else if (event.key === "Delete" || event.key === "Backspace")
      onEdits(withCell(edits, { id: record.id, column: columns[column]!.name, value: undefined }));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const suggest = (record: QuarantineRecord): void => {
    const { suggestion } = record;
    if (suggestion !== null) onEdits(withCell(edits, { id: record.id, column: suggestion.column, value: suggestion.value }));
  };

  return (
    <div className="q-grid table-box" ref={box}>
      <table
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-to-interactive-role -- gone through by keys, cell by cell
        role="grid"
        aria-label={`Records of ${answer.asset} in quarantine`}
        aria-rowcount={answer.total + 1}
        aria-multiselectable="true"
      >
        <thead>
          <tr>
            <th className="pick">
              <input
                type="checkbox"
                aria-label="Select all that are shown"
                checked={selected.size > 0 && selected.size === records.length}
                onChange={() => onSelect(selected.size === records.length ? new Set() : new Set(records.map(({ id }) => id)))}
              />
            </th>
            {columns.map(({ name, type }) => (
              <th key={name} scope="col">
                {name} <span className="muted q-type">{type}</span>
              </th>
            ))}
            <th scope="col">Rule</th>
            <th scope="col" className="wide-only">
              Came from
            </th>
          </tr>
        </thead>
        <tbody>
          {records.map((record, index) => {
            const own = edits.get(record.id);
            return (
              <tr
                key={record.id}
                aria-rowindex={index + 2}
                aria-selected={selected.has(record.id)}
                className={`${selected.has(record.id) ? "selected" : ""}${index === row ? " here" : ""}`}
              >
                <td className="pick">
                  <input
                    type="checkbox"
                    tabIndex={-1}
                    checked={selected.has(record.id)}
                    aria-label={`Select record ${index + 1}`}
                    onChange={() => toggle(record.id)}
                  />
                </td>
                {record.isUnread ? (
                  <td
                    colSpan={columns.length}
                    className="q-cell failing"
                    data-cell={`${index} 0`}
                    tabIndex={index === row ? 0 : -1}
                    onFocus={() => setAt({ row: index, column: 0 })}
                    onKeyDown={(event) => press(event, record)}
                  >
                    <code className="cut">{record.raw ?? ""}</code>
                  </td>
                ) : (
                  columns.map(({ name }, place) => {
                    const isHere = index === row && place === at.column;
                    return (
                      <Cell
                        key={name}
                        name={`${index} ${place}`}
                        column={name}
                        value={record.cells[place] ?? null}
                        edit={own?.[name]}
                        isFailing={record.failing.includes(place)}
                        reason={record.reason}
                        suggestion={record.suggestion?.column === name ? record.suggestion : null}
                        isHere={isHere}
                        isEditing={editing?.row === index && editing.column === place}
                        onFocus={() => {
                          if (at.row !== index) onCurrent(record.id);
                          setAt({ row: index, column: place });
                        }}
                        onPress={(event) => press(event, record)}
                        onOpen={() => canFix && setEditing({ row: index, column: place })}
                        onDone={(value) => {
                          if (value !== null) onEdits(withCell(edits, { id: record.id, column: name, value: value.text }));
                          setEditing(null);
                          goTo({ row: index, column: place });
                        }}
                      />
                    );
                  })
                )}
                <td className="q-rule">
                  <span className="status quarantine">
                    <StatusShape kind="quarantine" />
                    {record.rule}
                  </span>
                </td>
                <td className="wide-only mono muted">{record.file === null ? "–" : `${record.file}:${record.line ?? "?"}`}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

interface CellProps {
  readonly name: string;
  readonly column: string;
  readonly value: string | null;
  readonly edit: string | null | undefined;
  readonly isFailing: boolean;
  readonly reason: string;
  readonly suggestion: QuarantineRecord["suggestion"];
  readonly isHere: boolean;
  readonly isEditing: boolean;
  readonly onFocus: () => void;
  readonly onPress: (event: KeyboardEvent) => void;
  readonly onOpen: () => void;
  /** Null: nothing was changed. */
  readonly onDone: (value: { readonly text: string | null } | null) => void;
}

function Cell(props: CellProps): ReactNode {
  const { name, value, edit, isFailing, reason, suggestion, isHere, isEditing, onFocus, onPress, onOpen, onDone, column } = props;
  const isEdited = edit !== undefined;
  const words = [
    isFailing ? "breaks the rule" : "",
    isEdited ? "corrected" : "",
    suggestion !== null && !isEdited ? `suggested: ${suggestion.value ?? "no value"}` : "",
  ]
    .filter((word) => word !== "")
    .join(", ");
  return (
    <td
      data-cell={name}
      tabIndex={isHere ? 0 : -1}
      className={`q-cell${isFailing ? " failing" : ""}${isEdited ? " edited" : ""}`}
      title={isFailing ? reason : undefined}
      onFocus={(event) => {
        if (event.target === event.currentTarget) onFocus();
      }}
      onKeyDown={onPress}
      onDoubleClick={onOpen}
    >
      {isEditing ? (
        <Editor column={column} value={isEdited ? edit : (suggestion?.value ?? value)} onDone={onDone} />
      ) : (
        <>
          <span className={isEdited ? "q-before" : undefined}>{shown(value)}</span>
          {isEdited ? <span className="q-after">{shown(edit)}</span> : null}
          {suggestion !== null && !isEdited ? (
            <span className="q-hint" aria-hidden="true">
              → {shown(suggestion.value)}
            </span>
          ) : null}
          {words === "" ? null : <span className="unseen">{words}</span>}
        </>
      )}
    </td>
  );
}

function Editor({
  column,
  value,
  onDone,
}: {
  readonly column: string;
  readonly value: string | null;
  readonly onDone: CellProps["onDone"];
}): ReactNode {
  const [text, setText] = useState(value ?? "");
  const input = useRef<HTMLInputElement>(null);
  const isDone = useRef(false);
  useEffect(() => {
    input.current?.focus();
    input.current?.select();
  }, []);
  const done = (answer: { readonly text: string | null } | null): void => {
    if (isDone.current) return;
    isDone.current = true;
    onDone(answer);
  };
  return (
    <input
      ref={input}
      className="input mono q-editor"
      aria-label={`${column}; Enter keeps, Escape leaves it, empty is no value`}
      value={text}
      size={Math.max(8, text.length + 2)}
      onChange={(event) => setText(event.target.value)}
      onBlur={() => done(null)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") done({ text: text === "" ? null : text });
        else if (event.key === "Escape") done(null);
        else return;
        event.preventDefault();
      }}
    />
  );
}

export function shown(value: string | null): ReactNode {
  return value === null ? <i className="muted">no value</i> : value === "" ? <i className="muted">empty</i> : value;
}
