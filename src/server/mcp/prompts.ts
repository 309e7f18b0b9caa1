// Prompts: what people often ask an agent to do, in the order that works.
import { z } from "zod";

export interface Prompt {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: Readonly<Record<string, z.ZodType<string | undefined>>>;
  readonly text: (input: Readonly<Record<string, string | undefined>>) => string;
}

export const prompts: readonly Prompt[] = [
  {
    name: "triage_morning",
    title: "What is broken this morning",
    description: "Goes through what needs attention, finds the root causes, and proposes what to do",
    input: {},
    text: () =>
      `Call \`overview\`. For every failure call \`diagnose\`, and group what failed by its first cause: assets that were only skipped are no causes. For records in quarantine look at their rules and how many there are. Then report, most urgent first: what is broken, since when, why, what it holds up (use \`lineage\` downwards), and what you propose. Change nothing before I agree; decisions over data go through \`resolve\`, which I confirm.`,
  },
  {
    name: "add_source",
    title: "Add a source",
    description: "Adds a source of data to the project and follows it to its first load",
    input: { from: z.string().describe("a file, a URL, or a table of a connection") },
    text: ({ from }) =>
      `Add ${from ?? "a source"} to this project. Call \`overview\` for how sources are written here and \`describe\` one with \`source: true\` as the example. Write \`sources/NAME.yaml\`; try what is there with \`millrace inspect\` or \`millrace add\`. Call \`plan\` for the new asset and repair what it says; then \`run\` with it selected, \`preview\` its rows with \`profile: true\`, and propose a key, types and checks from what you saw.`,
  },
  {
    name: "explain_failure",
    title: "Explain a failure",
    description: "Explains a failed run to a person: cause, place, and repair",
    input: { run: z.string().optional().describe("default: the newest that failed") },
    text: ({ run }) =>
      `Call \`diagnose\`${run === undefined ? "" : ` for ${run}`}. Explain in at most ten sentences, for somebody who has not seen this project: what failed, the cause (with the place in the file), what changed since it last worked, what is held up by it, and the smallest repair. If it is not certain, say what you would look at next (\`logs\`, \`query\`, \`lineage\`) and look at it first.`,
  },
];
