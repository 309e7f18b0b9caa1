// A run by hand: the job with its parameters.
import { useState, type ReactNode } from "react";
import type { JobAnswer } from "../../../../src/model/job-answers.ts";
import { useAct } from "../../data/act.ts";
import { useRead } from "../../data/read.ts";
import { ActForm } from "../../kit/act-form.tsx";
import { Field } from "../../kit/field.tsx";
import { useGo } from "../../kit/link.tsx";
import { States } from "../../kit/states.tsx";
import { links } from "../../links.ts";

export function RunDialog({ job, onClose }: { readonly job: JobAnswer; readonly onClose: () => void }): ReactNode {
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const parameters = useRead("jobs.parameters", { job: job.job });
  const start = useAct("runs.start");
  const go = useGo();
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
  const isReady = job.required.every((name) => given[name] !== undefined);
  const isBusy = job.active.length >= job.concurrency.max;
  const carryOut = async (): Promise<void> => {
    const { run } = (await start.run({ job: job.job, params: given })) as { readonly run?: string | null };
    if (typeof run === "string") go(links.run(run));
    else onClose();
  };
  return (
    <ActForm
      title={`Run ${job.job} now`}
      act="Run"
      isReady={isReady}
      busy={start.isPending}
      error={start.error}
      onAct={carryOut}
      onClose={onClose}
    >
      <p>
        Builds <span className="mono">{job.select ?? "everything"}</span>
        {isBusy ? `; its places are taken (${job.active.length} of ${job.concurrency.max}), when busy: ${job.concurrency.whenBusy}` : ""}.
      </p>
      <States read={parameters} lines={2}>
        {({ parameters: known }) => (
          <div className="stack">
            {Object.entries(known).map(([name, spec]) => (
              <Field
                key={name}
                label={job.required.includes(name) ? `${name} (needed)` : name}
                help={[spec.type, spec.description].filter((part) => part !== undefined).join(" · ")}
              >
                {(id, about) => (
                  <input
                    id={id}
                    aria-describedby={about}
                    className="input"
                    placeholder={spec.default === undefined ? "" : String(spec.default)}
                    value={values[name] ?? ""}
                    onChange={(event) => setValues({ ...values, [name]: event.target.value })}
                  />
                )}
              </Field>
            ))}
          </div>
        )}
      </States>
    </ActForm>
  );
}
