// A backfill before it starts: which partitions, how many at once, with what stands below; what it would build, how long it may take, what already works on them.
import { useState, type ReactNode } from "react";
import type { BackfillAnswer } from "../../../src/model/backfill-answers.ts";
import type { Api } from "../../../src/server/api.ts";
import { useAct } from "../data/act.ts";
import { usePreview } from "../data/preview.ts";
import { useRead } from "../data/read.ts";
import { ActForm } from "./act-form.tsx";
import { Field } from "./field.tsx";
import { Link, useGo } from "./link.tsx";
import { Failure, Skeleton } from "./states.tsx";
import { countWords, spanWords } from "./values.tsx";
import { links } from "../links.ts";
import "./backfill-dialog.css";

interface BackfillDialogProps {
  readonly asset: string;
  /** A key or a range; absent: a person writes it. */
  readonly partition?: string;
  readonly onClose: () => void;
}

const STATUSES = ["missing", "failed", "stale"] as const;
const JOBS_DEFAULT = 4;
const JOBS_MAX = 1_000;

export function BackfillDialog({ asset, partition: given, onClose }: BackfillDialogProps): ReactNode {
  const [partition, setPartition] = useState(given ?? "");
  const [statuses, setStatuses] = useState<readonly (typeof STATUSES)[number][]>([]);
  const [jobs, setJobs] = useState(JOBS_DEFAULT);
  const [batch, setBatch] = useState("");
  const [withDownstream, setDownstream] = useState(false);
  const go = useGo();
  const input: Api["backfills.start"]["input"] = {
    asset,
    ...(partition.trim() === "" ? {} : { partition: partition.trim() }),
    statuses: [...statuses],
    jobs,
    ...(batch.trim() === "" ? {} : { batch: batch.trim() }),
    withDownstream,
  };
  const preview = usePreview("backfills.preview", input, { enabled: partition.trim() !== "" || statuses.length > 0 });
  const start = useAct("backfills.start");
  const running = useRead("backfills.list", {});
  const busy = (running.data?.backfills ?? []).filter(
    (each) => each.asset === asset && (each.status === "running" || each.status === "paused"),
  );
  const count = preview.data?.partitions ?? 0;

  const carryOut = async (): Promise<void> => {
    const answer = (await start.run(input)) as { readonly run?: string | null; readonly backfill?: string | null };
    const id = answer.backfill ?? answer.run;
    if (typeof id === "string") go(links.backfill(id));
    else onClose();
  };
  return (
    <ActForm
      wide
      title={
        <>
          Backfill <span className="mono">{asset}</span>
        </>
      }
      act={count === 0 ? "Start" : `Build ${countWords(count)} ${count === 1 ? "partition" : "partitions"}`}
      isReady={count > 0}
      busy={start.isPending}
      error={start.error}
      onAct={carryOut}
      onClose={onClose}
    >
      <div className="bf-form">
        <Field label="Partitions" help="a key, FROM..TO, or dimensions by |">
          {(id, about) => (
            <input
              id={id}
              aria-describedby={about}
              className="input mono"
              spellCheck={false}
              value={partition}
              onChange={(event) => setPartition(event.target.value)}
            />
          )}
        </Field>
        <Field label="At once">
          {(id) => (
            <input
              id={id}
              className="input"
              type="number"
              min={1}
              max={JOBS_MAX}
              value={jobs}
              onChange={(event) => setJobs(Math.max(1, Math.min(JOBS_MAX, Number(event.target.value) || 1)))}
            />
          )}
        </Field>
        <Field label="Together (7d; none: one by one)">
          {(id) => <input id={id} className="input" value={batch} onChange={(event) => setBatch(event.target.value)} />}
        </Field>
      </div>
      <div className="row wide wrap" role="group" aria-label="Only those that are">
        <span className="muted">Only those that are</span>
        {STATUSES.map((status) => (
          <label key={status} className="row">
            <input
              type="checkbox"
              checked={statuses.includes(status)}
              onChange={(event) =>
                setStatuses(STATUSES.filter((each) => (each === status ? event.target.checked : statuses.includes(each))))
              }
            />
            {status}
          </label>
        ))}
        <label className="row">
          <input type="checkbox" checked={withDownstream} onChange={(event) => setDownstream(event.target.checked)} />
          and what reads them
        </label>
      </div>
      {preview.error !== null ? (
        <Failure error={preview.error} retry={preview.retry} />
      ) : preview.data === undefined ? (
        preview.isLoading ? (
          <Skeleton lines={3} />
        ) : (
          <p className="muted">Name partitions, or say which: missing, failed, stale.</p>
        )
      ) : (
        <div role="status" aria-label="What it would do">
          <Outlook preview={preview.data} />
        </div>
      )}
      {busy.map((each) => (
        <Overlap key={each.backfill} backfill={each} from={preview.data?.from ?? null} to={preview.data?.to ?? null} />
      ))}
    </ActForm>
  );
}

interface OverlapProps {
  readonly backfill: BackfillAnswer;
  readonly from: string | null;
  readonly to: string | null;
}

/** Another backfill of the asset that is not through: how many of the same partitions it still builds. */
function Overlap({ backfill, from, to }: OverlapProps): ReactNode {
  const { data } = useRead("backfills.show", { backfill: backfill.backfill });
  const left = (data?.nodes ?? []).filter(
    ({ asset, status }) => asset === backfill.asset && (status === "pending" || status === "running"),
  );
  const same = left.filter(({ partition }) => from !== null && to !== null && isWithin(partition, from, to)).length;
  if (data !== undefined && from !== null && same === 0) return null;
  return (
    <p className="row wrap">
      <span className="tag warn">overlap</span> {backfill.status === "paused" ? "A paused backfill" : "A backfill that runs"} still builds{" "}
      {same === 0 ? "partitions" : same === 1 ? "one of these partitions" : `${countWords(same)} of these partitions`} of {backfill.asset}:{" "}
      <Link className="link" to={links.backfill(backfill.backfill)}>
        {backfill.backfill}
      </Link>
    </p>
  );
}

/** Keys of time stand in the order of their text; a batch is FROM..TO. */
function isWithin(partition: string | null, from: string, to: string): boolean {
  const [first = "", last = first] = partition?.split("..") ?? [];
  return first <= to && last >= from;
}

function Outlook({ preview }: { readonly preview: Api["backfills.preview"]["answer"] }): ReactNode {
  const { partitions, nodes, from, to, estimate, assets } = preview;
  if (partitions === 0) return <p className="second">None of them is so: there is nothing to build.</p>;
  return (
    <dl className="pairs">
      <dt>Builds</dt>
      <dd>
        <span className="strong">
          {countWords(partitions)} {partitions === 1 ? "partition" : "partitions"}
        </span>{" "}
        <span className="mono">{from === to ? from : `${from ?? ""} to ${to ?? ""}`}</span>
        {nodes === partitions ? null : <span className="muted"> · {countWords(nodes)} steps</span>}
      </dd>
      <dt>May take</dt>
      <dd>
        {estimate.seconds === null ? <span className="muted">not known: none was built before</span> : spanWords(estimate.seconds)}
        {estimate.rows === null ? null : <span className="muted"> · about {countWords(estimate.rows)} rows</span>}
      </dd>
      {assets.length < 2 ? null : (
        <>
          <dt>With</dt>
          <dd>
            {assets.map((each) => (
              <div key={each.asset}>
                <span className="mono">{each.asset}</span> <span className="muted">{countWords(each.partitions)}</span>
              </div>
            ))}
          </dd>
        </>
      )}
    </dl>
  );
}
