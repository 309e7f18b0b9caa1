// The kinds of tasks.
import { approval } from "./approval.ts";
import { http } from "./http.ts";
import { job } from "./job.ts";
import { shell } from "./shell.ts";
import { sql } from "./sql.ts";
import { typescript } from "./typescript.ts";
import { wait } from "./wait.ts";
import type { TaskAction } from "../model/task.ts";
import type { TaskKind } from "../load/task-port.ts";

type Kinds = { readonly [Kind in TaskAction["kind"]]: TaskKind<Extract<TaskAction, { readonly kind: Kind }>> };

export const tasks = { shell, http, sql, typescript, approval, wait, job } as const satisfies Kinds;
