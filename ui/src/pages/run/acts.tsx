// What can be done to a run: retry what failed, do it again with other parameters, cancel. Each says first what it will do.
import { useState, type ReactNode } from "react";
import type { RunShowAnswer } from "../../../../src/model/answers.ts";
import { useAct } from "../../data/act.ts";
import { ActForm } from "../../kit/act-form.tsx";
import { Button } from "../../kit/button.tsx";
import { Confirm } from "../../kit/confirm.tsx";
import { Field } from "../../kit/field.tsx";
import { useGo } from "../../kit/link.tsx";
import { toast } from "../../kit/toast.tsx";
import { links } from "../../links.ts";

type Asked = "retry" | "again" | "cancel" | null;

export function RunActs({ answer }: { readonly answer: RunShowAnswer }): ReactNode {
  const { run } = answer;
  const [asked, setAsked] = useState<Asked>(null);
  const [retry, cancel] = [useAct("runs.retry"), useAct("runs.cancel")];
  const go = useGo();
  const open = answer.nodes.filter(({ status }) => !["succeeded", "reused"].includes(status)).length;
  const close = (): void => setAsked(null);
  const follow = (begun: unknown): void => {
    close();
    const next = runOf(begun);
    if (next !== undefined && next !== run.run) go(links.run(next));
  };
  return (
    <>
      {run.status === "running" ? (
        <Button look="danger" onClick={() => setAsked("cancel")}>
          Cancel…
        </Button>
      ) : (
        <Button onClick={() => setAsked("again")}>Run again…</Button>
      )}
      {run.status === "failed" || run.status === "partial" || run.status === "canceled" ? (
        <Button look="primary" aria-keyshortcuts="r" data-key="r" onClick={() => setAsked("retry")}>
          Retry from failure…
        </Button>
      ) : null}
      <Confirm
        open={asked === "retry"}
        title="Retry from failure"
        act={open === 1 ? "Retry 1 step" : `Retry ${open} steps`}
        busy={retry.isPending}
        error={retry.error}
        onClose={close}
        onConfirm={() => void retry.run({ run: run.run }).then(follow, () => {})}
      >
        <p>
          A new run takes over the {run.nodes.succeeded + run.nodes.reused} steps that succeeded and does the other {open}. Nothing is
          loaded twice: what was published stays, what was not is done again.
        </p>
      </Confirm>
      <Confirm
        open={asked === "cancel"}
        title={`Cancel ${run.run}`}
        act="Cancel the run"
        reason="wanted"
        busy={cancel.isPending}
        error={cancel.error}
        onClose={close}
        onConfirm={(why) =>
          void cancel.run({ run: run.run, ...(why === "" ? {} : { why }) }).then(
            () => {
              close();
              toast("The run is being canceled");
            },
            () => {},
          )
        }
      >
        <p>
          {open} of {run.nodes.total} steps have not ended and stay undone. What is published stays; a retry can go on later.
        </p>
      </Confirm>
      {asked === "again" ? <Again run={run} onClose={close} onBegun={follow} /> : null}
    </>
  );
}

interface AgainProps {
  readonly run: RunShowAnswer["run"];
  readonly onClose: () => void;
  readonly onBegun: (begun: unknown) => void;
}

function Again({ run, onClose, onBegun }: AgainProps): ReactNode {
  const [params, setParams] = useState<Readonly<Record<string, string>>>(run.params);
  const fork = useAct("runs.fork");
  const names = Object.keys(run.params);
  return (
    <ActForm
      title="Run again"
      act="Run again"
      busy={fork.isPending}
      error={fork.error}
      onAct={() => fork.run({ run: run.run, params }).then(onBegun)}
      onClose={onClose}
    >
      <p>The same request with today's code{names.length === 0 ? "" : " and these parameters"}. It takes nothing over from this run.</p>
      {names.map((name) => (
        <Field key={name} label={name}>
          {(id) => (
            <input
              id={id}
              className="input mono"
              value={params[name] ?? ""}
              onChange={(event) => setParams({ ...params, [name]: event.target.value })}
            />
          )}
        </Field>
      ))}
    </ActForm>
  );
}

/** One step again, with what stands on it; or one step canceled. */
export function StepActs({
  run,
  node,
  status,
}: {
  readonly run: RunShowAnswer["run"];
  readonly node: string;
  readonly status: string;
}): ReactNode {
  const [isAsked, setAsked] = useState(false);
  const [retry, cancel] = [useAct("runs.retry"), useAct("runs.cancel")];
  const go = useGo();
  const isLive = run.status === "running";
  if (isLive && !["running", "retrying", "waiting", "pending"].includes(status)) return null;
  const act = isLive ? cancel : retry;
  return (
    <>
      <Button small onClick={() => setAsked(true)}>
        {isLive ? "Cancel step…" : "Retry step…"}
      </Button>
      <Confirm
        open={isAsked}
        title={`${isLive ? "Cancel" : "Retry"} ${node}`}
        act={isLive ? "Cancel the step" : "Retry the step"}
        {...(isLive ? { reason: "wanted" as const } : {})}
        busy={act.isPending}
        error={act.error}
        onClose={() => setAsked(false)}
        onConfirm={(why) => {
          const done = isLive ? cancel.run({ run: run.run, node, ...(why === "" ? {} : { why }) }) : retry.run({ run: run.run, node });
          void done.then(
            (begun) => {
              setAsked(false);
              const next = isLive ? undefined : runOf(begun);
              if (next !== undefined) go(links.run(next));
            },
            () => {},
          );
        }}
      >
        <p>
          {isLive
            ? "What stands on it is skipped; the rest of the run goes on."
            : "It is done again with everything that stands on it, whether that succeeded or not; the rest is taken over."}
        </p>
      </Confirm>
    </>
  );
}

function runOf(begun: unknown): string | undefined {
  const run = (begun as { readonly run?: unknown } | null)?.run;
  return typeof run === "string" ? run : undefined;
}
