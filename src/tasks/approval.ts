// An approval: asks, and waits until somebody decides. The decision is the run's own (a signal), so that nothing is held and nothing is lost.
import type { ApprovalAction } from "../model/task.ts";
import type { TaskKind } from "../load/task-port.ts";

export const approval: TaskKind<ApprovalAction> = {
  name: "approval",
  summary: "Waits for a person's decision, with a form.",
  async act({ form }, { fill }) {
    const title = fill.text(form.title);
    const description = form.description === undefined ? {} : { description: fill.text(form.description) };
    return { wait: { kind: "approval", until: null, why: title, form: { ...form, title, ...description } } };
  },
};
