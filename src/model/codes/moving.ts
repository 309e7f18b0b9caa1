// Error codes of moving a project from another tool (MR91xx): title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const movingCodes = {
  MR9101: {
    title: "There is no project to move",
    why: "`millrace init --from` was given a folder that does not hold what tells such a project: dbt_project.yml for dbt, config.yaml or config.yml for SQLMesh.",
    fix: "Name the folder in which that file lies.",
  },
  MR9102: {
    title: "The settings of the project to move cannot be read",
    why: "Its dbt_project.yml or config.yaml is no YAML, or lacks what every such project has.",
    fix: "Mend the file; the other tool refuses it as well.",
  },
} as const satisfies Record<string, CodeEntry>;
