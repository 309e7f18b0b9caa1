// Tables of the warehouse with their columns, beside the editor: a click asks for the first rows.
import { useState, type ReactNode } from "react";
import type { CompletionsAnswer } from "../../../../src/model/query-answers.ts";
import type { Read } from "../../data/read.ts";
import { Find } from "../../kit/filters.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Empty, States } from "../../kit/states.tsx";

const TABLES_SHOWN_MAX = 200;

interface CatalogueProps {
  readonly read: Read<CompletionsAnswer>;
  readonly onPick: (sql: string) => void;
}

export function Catalogue({ read, onPick }: CatalogueProps): ReactNode {
  const [wanted, setWanted] = useState<string>();
  const word = wanted?.toLowerCase() ?? "";
  return (
    <Panel className="console-catalogue" title="Tables">
      <States
        read={read}
        isEmpty={({ tables }) => tables.length === 0}
        firstUse={
          <Empty title="Nothing is built yet">
            <p>Tables appear here after the first run: millrace run</p>
          </Empty>
        }
      >
        {({ tables }) => {
          const found = tables.filter(
            ({ name, columns }) =>
              name.toLowerCase().includes(word) || (word !== "" && columns.some((column) => column.name.toLowerCase().includes(word))),
          );
          return (
            <>
              <div className="pad">
                <Find label="Filter tables and columns" placeholder="Filter" value={wanted} onChange={setWanted} />
              </div>
              {found.length === 0 ? <Empty title="No table or column has this in its name." /> : null}
              <ul className="plain tables">
                {found.slice(0, TABLES_SHOWN_MAX).map(({ name, columns }) => (
                  <li key={name}>
                    <details>
                      <summary className="mono">{name}</summary>
                      <ul className="plain columns">
                        {columns.map((column) => (
                          <li key={column.name}>
                            <span className="mono cut">{column.name}</span>
                            <span className="muted mono cut">{column.type}</span>
                          </li>
                        ))}
                      </ul>
                    </details>
                    <button
                      type="button"
                      className="btn quiet small"
                      aria-label={`First rows of ${name}`}
                      onClick={() => onPick(`from ${quoted(name)} limit 100`)}
                    >
                      Rows
                    </button>
                  </li>
                ))}
              </ul>
              {found.length > TABLES_SHOWN_MAX ? (
                <p className="pad muted">{found.length - TABLES_SHOWN_MAX} more; filter to see them</p>
              ) : null}
            </>
          );
        }}
      </States>
    </Panel>
  );
}

function quoted(name: string): string {
  const [schema = "", ...rest] = name.split(".");
  return [schema, rest.join(".")].map((part) => (/^[a-z_]\w*$/.test(part) ? part : `"${part.replaceAll('"', '""')}"`)).join(".");
}
