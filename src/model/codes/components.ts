// Error codes of components (MR109x): title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const componentsCodes = {
  MR1090: {
    title: "An unknown component",
    why: "`use:` names no file in components/, or a component of another kind than what is written there.",
    fix: "Correct the name. A source uses kind source, a task kind task or tasks, an entry of checks kind checks, a job kind job.",
  },
  MR1091: {
    title: "A component uses itself",
    why: "Components use each other in a circle, or deeper or more often than a project can mean.",
    fix: "Take one `use:` out of the circle that the message shows.",
  },
  MR1092: {
    title: "A parameter of a component does not fit",
    why: "`with:` lacks a parameter that has no default, names one that the component does not have, or gives a value of another type or outside its enum or limits.",
    fix: "Look at `params:` of the component; both places are named.",
  },
  MR1093: {
    title: "A component's body is wrong",
    why: "Its body names a parameter that is not declared, or is not what its kind says: keys of a source, a task or a job, tasks by their names, a list of checks.",
    fix: "Declare the parameter under `params:`, or correct the body. `millrace schema component` prints the format.",
  },
} as const satisfies Record<string, CodeEntry>;
