// One decision: what is asked, by whom it may be decided, its form, approve or reject with a reason.
import { useEffect, useEffectEvent, useRef, useState, type ReactNode } from "react";
import type { PendingApproval } from "../../../../src/model/approval-answers.ts";
import { useAct } from "../../data/act.ts";
import { Button } from "../../kit/button.tsx";
import { Field } from "../../kit/field.tsx";
import { RunLink } from "../../kit/run-link.tsx";
import { SchemaForm, type FormValue, type JsonSchema } from "../../kit/schema-form.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { toast } from "../../kit/toast.tsx";
import { Refused } from "../../kit/states.tsx";
import { Time } from "../../kit/values.tsx";

export function Approval({ approval }: { readonly approval: PendingApproval }): ReactNode {
  const { run, task, job, title, description, since, approvers, fields } = approval;
  const form = useRef<HTMLFormElement>(null);
  const [value, setValue] = useState<FormValue>({});
  const [why, setWhy] = useState("");
  const whyField = useRef<HTMLInputElement>(null);
  const decide = useAct("approvals.decide");
  const act = (accept: boolean): void => {
    const typed = Object.fromEntries(
      Object.entries(value).map(([name, each]) => [name, typeof each === "string" ? each : JSON.stringify(each)]),
    );
    void decide.run({ run, task, accept, ...(why.trim() === "" ? {} : { why: why.trim() }), fields: typed }).then(
      () => toast(`${task} is ${accept ? "approved" : "rejected"}`),
      () => {},
    );
  };
  // y and n decide where the item itself has the focus; what is still to be filled in is gone to.
  const press = useEffectEvent((event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey || decide.isPending) return;
    const item = event.currentTarget as HTMLElement;
    const to = {
      j: item.nextElementSibling,
      ArrowDown: item.nextElementSibling,
      k: item.previousElementSibling,
      ArrowUp: item.previousElementSibling,
    }[event.key];
    if (to !== undefined) (to as HTMLElement | null)?.focus();
    else if (event.key === "y") {
      const missing = Object.keys(fields).findIndex(
        (name) => fields[name]?.required === true && fields[name].default === undefined && (value[name] ?? "") === "",
      );
      if (missing < 0) act(true);
      else form.current?.querySelectorAll<HTMLElement>("input, select, textarea")[missing]?.focus();
    } else if (event.key === "n") {
      if (why.trim() === "") whyField.current?.focus();
      else act(false);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  useEffect(() => {
    const item = form.current!.closest("li")!;
    item.addEventListener("keydown", press);
    return () => item.removeEventListener("keydown", press);
  }, []);
  return (
    <form
      ref={form}
      className="inbox-item"
      onSubmit={(event) => {
        event.preventDefault();
        act(true);
      }}
    >
      <StatusMark status="waiting" bare />
      <div className="stack">
        <div>
          <div className="strong">{title}</div>
          {description === null ? null : <div className="second">{description}</div>}
          <div className="muted">
            {task} of {job === null ? "" : `${job}, `}
            <RunLink run={run} step={`task:${task}`} />
            {since === null ? null : (
              <>
                , waits since <Time at={since} /> (<Time at={since} ago />)
              </>
            )}
            {approvers === null ? ", anyone may decide" : `, decided by ${approvers.join(" or ")}`}
          </div>
        </div>
        {Object.keys(fields).length === 0 ? null : <SchemaForm schema={schemaOf(fields)} value={value} onChange={setValue} />}
        <Field label="Why (kept in the history)">
          {(id) => (
            <input id={id} ref={whyField} className="input" value={why} maxLength={2000} onChange={(event) => setWhy(event.target.value)} />
          )}
        </Field>
        <Refused error={decide.error} />
      </div>
      <div className="row no-print">
        <Button busy={decide.isPending} title="n" onClick={() => act(false)}>
          Reject
        </Button>
        <Button look="primary" type="submit" title="y" busy={decide.isPending}>
          Approve
        </Button>
      </div>
    </form>
  );
}

function schemaOf(fields: PendingApproval["fields"]): JsonSchema {
  const properties = Object.entries(fields).map(([name, { required: _needed, ...field }]): [string, JsonSchema] => [name, field]);
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    required: Object.keys(fields).filter((name) => fields[name]?.required === true),
  };
}
