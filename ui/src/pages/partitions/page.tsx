// Partitions: how every partition of every asset stands, as a heat map or a list of ranges; a range that is dragged or chosen by keys is backfilled from here.
import { useMemo, type ReactNode } from "react";
import { useRead } from "../../data/read.ts";
import { flag, oneOf, text, usePageSearch, whole } from "../../data/search.ts";
import { Button } from "../../kit/button.tsx";
import { Find } from "../../kit/filters.tsx";
import { Page as Frame } from "../../kit/page.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Empty, NoMatch, States } from "../../kit/states.tsx";
import { Copy, countWords } from "../../kit/values.tsx";
import { BackfillDialog } from "../../kit/backfill-dialog.tsx";
import { type Axis, axesOf, countsOf, keyOf, STATUSES } from "./decode.ts";
import { HeatMap, type Selection } from "./heat-map.tsx";
import { Inspector } from "./inspector.tsx";
import { Legend } from "./legend.tsx";
import { Ranges } from "./ranges.tsx";
import "./partitions.css";

const WIDTHS = [0.25, 0.5, 1, 2, 4, 7, 12, 18] as const;
const WIDTH_DEFAULT = 6;
const AGAIN_MS = 5_000;

const SEARCH = {
  asset: text,
  status: oneOf(STATUSES),
  step: text,
  zoom: whole,
  view: oneOf(["list"]),
  row: text,
  from: text,
  to: text,
  backfill: flag,
};

export function Page(): ReactNode {
  const [search, setSearch] = usePageSearch(SEARCH);
  const read = useRead("partitions.grid", {}, { everyMs: AGAIN_MS });
  const axes = useMemo(() => (read.data === undefined ? [] : axesOf(read.data)), [read.data]);
  const chosen = axes.find(({ step }) => step === search.step) ?? axes[0];
  const { asset, status } = search;
  const axis = useMemo(() => narrowed(chosen, asset, status), [chosen, asset, status]);
  const selection = axis === undefined ? null : selectionOf(axis, search);
  const zoom = Math.min(WIDTHS.length - 1, search.zoom ?? WIDTH_DEFAULT);
  const select = ({ row, anchor, at }: Selection): void => {
    if (axis === undefined) return;
    setSearch({ row: axis.rows[row]?.id, from: axis.parts[anchor], to: axis.parts[at] });
  };
  const row = selection === null ? undefined : axis?.rows[selection.row];
  const [from, to] = selection === null ? [0, 0] : [Math.min(selection.anchor, selection.at), Math.max(selection.anchor, selection.at)];
  return (
    <Frame
      title="Partitions"
      note={chosen === undefined ? undefined : `${countWords(chosen.parts.length)} by ${chosen.step}`}
      actions={
        <>
          {axes.length < 2
            ? null
            : axes.map(({ step, rows }) => (
                <Button
                  small
                  key={step}
                  className="pt-chip"
                  aria-pressed={step === chosen?.step}
                  onClick={() => setSearch({ step, row: undefined })}
                >
                  by {step} <span className="muted">{rows.length}</span>
                </Button>
              ))}
          <Button
            small
            className="pt-chip"
            aria-pressed={search.view === "list"}
            onClick={() => setSearch({ view: search.view === "list" ? undefined : "list" })}
          >
            As a list
          </Button>
        </>
      }
    >
      <States
        read={read}
        lines={12}
        isEmpty={({ rows }) => rows.length === 0}
        firstUse={
          <Panel>
            <Empty title="No asset has partitions yet.">
              <p>With `partition:` an asset is built, replaced and counted a day, an hour or a region at a time.</p>
              <Copy text="partition: { by: day, column: sold_at, start: 2026-01-01 }" />
            </Empty>
          </Panel>
        }
      >
        {() =>
          axis === undefined || chosen === undefined ? null : (
            <div className="pt-parts">
              <div className="row wrap">
                <Legend counts={countsOf(chosen.rows)} only={search.status} onOnly={(status) => setSearch({ status })} />
                <span className="grow" />
                <Find label="Asset" value={search.asset} onChange={(words) => setSearch({ asset: words })} />
                <Button small aria-label="Narrower cells" disabled={zoom === 0} onClick={() => setSearch({ zoom: zoom - 1 })}>
                  −
                </Button>
                <Button small aria-label="Wider cells" disabled={zoom === WIDTHS.length - 1} onClick={() => setSearch({ zoom: zoom + 1 })}>
                  +
                </Button>
              </div>
              <Panel>
                {axis.rows.length === 0 ? (
                  <NoMatch what="assets" clear={() => setSearch({ asset: undefined, status: undefined })} />
                ) : search.view === "list" ? (
                  <Ranges axis={axis} only={search.status} onSelection={select} />
                ) : (
                  <HeatMap
                    axis={axis}
                    selection={selection}
                    onSelection={select}
                    onBackfill={() => setSearch({ backfill: true })}
                    cellWidth={WIDTHS[zoom] ?? 12}
                  />
                )}
              </Panel>
              {row === undefined ? (
                <p className="muted no-print">
                  Drag over cells to choose a range, or go by keys: <kbd>←</kbd> <kbd>→</kbd> cells, <kbd>Shift</kbd> a range, <kbd>n</kbd>{" "}
                  the next that is not present, <kbd>b</kbd> backfill.
                </p>
              ) : (
                <Inspector axis={axis} row={row} from={from} to={to} onBackfill={() => setSearch({ backfill: true })} />
              )}
              {search.backfill === true && row !== undefined ? (
                <BackfillDialog
                  asset={row.asset}
                  partition={keyOf(row, axis, from, to)}
                  onClose={() => setSearch({ backfill: undefined })}
                />
              ) : null}
            </div>
          )
        }
      </States>
    </Frame>
  );
}

function narrowed(axis: Axis | undefined, asset: string | undefined, status: string | undefined): Axis | undefined {
  if (axis === undefined || (asset === undefined && status === undefined)) return axis;
  const find = asset?.toLowerCase() ?? "";
  return {
    ...axis,
    rows: axis.rows.filter(
      (row) => row.id.toLowerCase().includes(find) && (status === undefined || row.runs.some((run) => run.status === status)),
    ),
  };
}

function selectionOf(
  axis: Axis,
  { row: id, from, to }: { readonly row?: string; readonly from?: string; readonly to?: string },
): Selection | null {
  const row = axis.rows.findIndex((each) => each.id === id);
  const anchor = from === undefined ? -1 : axis.parts.indexOf(from);
  const at = to === undefined ? anchor : axis.parts.indexOf(to);
  return row < 0 || anchor < 0 || at < 0 ? null : { row, anchor, at };
}
