// Error codes of plans that are compared, kept and applied, and of differences between versions (88xx).
import type { CodeEntry } from "./entry.ts";

export const planCodes = {
  MR8801: {
    title: "This is no plan that can be applied",
    why: "The file is missing, is not what `millrace plan --out` writes, was changed since, or was written by a newer version.",
    fix: "Write it anew: `millrace plan --out plan.json`.",
  },
  MR8802: {
    title: "The world has moved since the plan was made",
    why: "Definitions, parameters, live versions or sources that the plan rests on are not as they were; the message names them. Nothing was done.",
    fix: "Look at a new plan: `millrace plan --out plan.json`.",
  },
  MR8803: {
    title: "Another apply is under way",
    why: "Somebody applies a plan to the same environment. Two at once would publish over each other; this one did nothing.",
    fix: "Wait until it has ended (`millrace runs`), then plan again.",
  },
  MR8804: {
    title: "The plan was applied already",
    why: "A run of exactly this plan has ended; the message names it.",
    fix: "`millrace run show RUN` tells how it went. Make a new plan to do more.",
  },
  MR8805: {
    title: "Git cannot be asked",
    why: "The project lies in no git repository, the git program is missing, or it refused to answer.",
    fix: "Compare with an environment (`--against prod`), or install git and run the command inside the repository.",
  },
  MR8806: {
    title: "There is no such environment or git ref",
    why: "`--against` takes the name of an environment, or a branch, tag or commit of this repository. A shallow clone has few of them.",
    fix: "`git branch -a` and `git tag` list what there is; fetch what is missing (`git fetch --unshallow`).",
  },
  MR8807: {
    title: "There is no project at that git ref",
    why: "The folder of this project, or its millrace.yaml, was not there at that commit, or it cannot be read.",
    fix: "Choose a later commit, or one in which the project can be planned.",
  },
  MR8808: {
    title: "Nobody agreed to the plan",
    why: "`millrace apply` without a plan file shows what it would do and asks. There is nobody to ask here, or the answer was no.",
    fix: "Say yes beforehand with --yes, or apply a plan that was looked at: `millrace apply plan.json`.",
  },
  MR8811: {
    title: "A version cannot be compared",
    why: "The version is not there, or its rows are not kept any more (`retention: { versions }`).",
    fix: "`millrace history ASSET` lists the versions and which of them are kept.",
  },
  MR8812: {
    title: "These two cannot be compared",
    why: "One of the two sides has no rows that can be read, or the key is not a column of both.",
    fix: "Compare an asset that is a table or a view, with a key that both sides have: --key id.",
  },
  MR8813: {
    title: "The new rows of a model cannot be looked at beforehand",
    why: "What the model is made of is only known to a run: a source that was not loaded, a TypeScript model, an interval or a partition.",
    fix: "Build it in an environment of its own and compare: `millrace run --env NAME`, `millrace diff ASSET --env NAME --env prod`.",
  },
  MR8814: {
    title: "There are no intervals to restate",
    why: "`--restate` names an asset that is not built by partitions or intervals, or a range that is none of its own.",
    fix: "Build it anew as a whole: `millrace run --full-refresh --select ASSET`.",
  },
} as const satisfies Record<string, CodeEntry>;
