// The rows that readers see: a page of them, ordered by a column, that fit a condition. All of it stands in the address.
import type { ReactNode } from "react";
import type { AssetRowsAnswer } from "../../../../src/model/look-answers.ts";
import type { JsonValue } from "../../../../src/model/json.ts";
import { useRead } from "../../data/read.ts";
import { text, usePageSearch, whole } from "../../data/search.ts";
import { Button, ButtonLink } from "../../kit/button.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Empty, NoMatch, States } from "../../kit/states.tsx";
import { links } from "../../links.ts";

const PAGE_ROWS = 100;
const dataSearch = { where: text, order: text, from: whole };

export function DataTab({ asset }: { readonly asset: string }): ReactNode {
  const [{ where, order, from = 0 }, setSearch] = usePageSearch(dataSearch);
  const isDown = order?.startsWith("-") === true;
  const column = isDown ? order.slice(1) : order;
  const read = useRead("assets.rows", {
    asset,
    limit: PAGE_ROWS,
    offset: from,
    ...(column === undefined ? {} : { order: column, direction: isDown ? "down" : "up" }),
    ...(where === undefined ? {} : { where }),
  });
  const sort = (name: string): void => setSearch({ order: column !== name ? name : isDown ? undefined : `-${name}`, from: undefined });
  return (
    <div className="stack">
      <form
        className="filters"
        onSubmit={(event) => {
          event.preventDefault();
          const words = (new FormData(event.currentTarget).get("where") as string).trim();
          setSearch({ where: words === "" ? undefined : words, from: undefined }, "push");
        }}
      >
        <input
          className="input mono where"
          aria-label="Condition in SQL"
          placeholder="amount > 100 and status = 'paid'"
          key={where ?? ""}
          name="where"
          defaultValue={where ?? ""}
          spellCheck={false}
          autoComplete="off"
        />
        <Button type="submit">Filter</Button>
        {where === undefined ? null : (
          <Button look="quiet" onClick={() => setSearch({ where: undefined, from: undefined }, "push")}>
            Clear
          </Button>
        )}
        <span className="grow" />
        <ButtonLink
          look="quiet"
          to={links.console({ sql: `select * from ${asset}${where === undefined ? "" : ` where ${where}`} limit 100` })}
        >
          In the console
        </ButtonLink>
      </form>
      <Panel>
        <States
          read={read}
          lines={10}
          isEmpty={(answer) => answer.rows.length === 0}
          empty={
            where === undefined ? (
              <Empty title="It has no rows." />
            ) : (
              <NoMatch what="rows" clear={() => setSearch({ where: undefined, from: undefined })} />
            )
          }
        >
          {(answer) => (
            <Rows
              answer={answer}
              column={column}
              isDown={isDown}
              onSort={sort}
              onFrom={(next) => setSearch({ from: next === 0 ? undefined : next }, "push")}
            />
          )}
        </States>
      </Panel>
    </div>
  );
}

interface RowsProps {
  readonly answer: AssetRowsAnswer;
  readonly column: string | undefined;
  readonly isDown: boolean;
  readonly onSort: (column: string) => void;
  readonly onFrom: (offset: number) => void;
}

function Rows({ answer, column, isDown, onSort, onFrom }: RowsProps): ReactNode {
  const { columns, rows, offset, total, more, cut } = answer;
  return (
    <>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls can be scrolled by keys */}
      <div className="rows-box" role="region" aria-label={`Rows of ${answer.asset}`} tabIndex={0}>
        <table>
          <thead>
            <tr>
              {columns.map(({ name, type }) => (
                <th
                  key={name}
                  className={isNumber(type) ? "number" : undefined}
                  aria-sort={name !== column ? undefined : isDown ? "descending" : "ascending"}
                >
                  <button type="button" className="sort mono" onClick={() => onSort(name)}>
                    {name}
                    <span aria-hidden="true">{name !== column ? "" : isDown ? " ↓" : " ↑"}</span>
                  </button>
                  <span className="type">{type.toLowerCase()}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              // oxlint-disable-next-line react/no-array-index-key -- rows of a page have nothing else that tells them apart
              <tr key={index}>
                {row.map((value, place) => (
                  <Cell key={columns[place]!.name} value={value} type={columns[place]!.type} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="pad filters">
        <span className="muted">
          {(offset + 1).toLocaleString("en-US")} – {(offset + rows.length).toLocaleString("en-US")}
          {total === null ? "" : ` of ${total.toLocaleString("en-US")}`}
          {cut === 0 ? "" : `, ${cut} long values are cut`}
        </span>
        <span className="grow" />
        <Button small disabled={offset === 0} onClick={() => onFrom(Math.max(0, offset - PAGE_ROWS))}>
          Before
        </Button>
        <Button small disabled={!more} onClick={() => onFrom(offset + rows.length)}>
          Next
        </Button>
      </div>
    </>
  );
}

function Cell({ value, type }: { readonly value: JsonValue; readonly type: string }): ReactNode {
  if (value === null)
    return (
      <td>
        <span className="null">null</span>
      </td>
    );
  const shown = typeof value === "object" ? JSON.stringify(value) : String(value);
  return (
    <td className={isNumber(type) ? "number" : undefined} title={shown.length > 40 ? shown : undefined}>
      {shown === "" ? <span className="null">empty</span> : shown}
    </td>
  );
}

export function isNumber(type: string): boolean {
  return /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL)/.test(type);
}
