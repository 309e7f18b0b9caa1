// One decision: what is asked, by whom it may be decided, its form, approve or reject with a reason.
import { useState, type ReactNode } from "react";
import type { PendingApproval } from "../../../../src/model/approval-answers.ts";
import { useAct } from "../../data/act.ts";
import { Button } from "../../kit/button.tsx";
import { Field } from "../../kit/field.tsx";
import { RunLink } from "../../kit/run-link.tsx";
import { SchemaForm, type FormValue, type JsonSchema } from "../../kit/schema-form.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { toast } from "../../kit/toast.tsx";
import { Refused } from "../../kit/states.tsx";

export function Approval({ approval }: { readonly approval: PendingApproval }): ReactNode {
  const { run, task, title, description, approvers, fields } = approval;
  const [value, setValue] = useState<FormValue>({});
  const [why, setWhy] = useState("");
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
  return (
    <form
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
            {task} of <RunLink run={run} step={`task:${task}`} />
            {approvers === null ? ", anyone may decide" : `, decided by ${approvers.join(" or ")}`}
          </div>
        </div>
        {Object.keys(fields).length === 0 ? null : <SchemaForm schema={schemaOf(fields)} value={value} onChange={setValue} />}
        <Field label="Why (kept in the history)">
          {(id) => <input id={id} className="input" value={why} maxLength={2000} onChange={(event) => setWhy(event.target.value)} />}
        </Field>
        <Refused error={decide.error} />
      </div>
      <div className="row no-print">
        <Button busy={decide.isPending} onClick={() => act(false)}>
          Reject
        </Button>
        <Button look="primary" type="submit" busy={decide.isPending}>
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
