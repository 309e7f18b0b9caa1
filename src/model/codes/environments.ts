// Error codes of environments: what belongs to a branch, promotion, collection. Range 87xx.
import type { CodeEntry } from "./entry.ts";

export const environmentsCodes = {
  MR8701: {
    title: "A view reads by a text what is the environment's own",
    why: "A stored view finds names in the warehouse, where they mean what is prod's. In an environment's copy the names of its own assets are replaced at their places, also as constants of `query_table('…')`; a name inside a query that is a text (`query('from …')`), or in a text that is put together, has no place.",
    fix: "Write the name as a name, or `materialize: table`: tables are built from your text as it stands.",
  },
  MR8702: {
    title: "There is no such environment",
    why: "An environment begins with the first run in it, or with `millrace env create`.",
    fix: "`millrace env list` shows those that are there.",
  },
  MR8703: {
    title: "Prod has moved since the environment was built",
    why: "What the environment would put in place was made from versions that prod no longer has, so prod would go back in time, or lose another's change: rows that a history or an append model of prod's got since are among what would be lost.",
    fix: "Check its branch out and run again (`git checkout BRANCH && millrace run` builds what differs on what prod has now), look at `millrace env diff`, then promote.",
  },
  MR8704: {
    title: "The asset is prod's in this environment",
    why: "The environment has no version of its own of it, so that acting on it would change what others read.",
    fix: "Act in prod with `--env prod`, or build it here first: `millrace run --full-refresh --select ASSET`.",
  },
  MR8705: {
    title: "There is nothing to promote",
    why: "The environment has no version of its own: all it shows is prod's.",
    fix: "Change something and run in the environment; `millrace env diff NAME` shows what differs.",
  },
  MR8706: {
    title: "The promotion cannot be taken back",
    why: "It was taken back already, its earlier versions have been collected, or assets of it have been built since.",
    fix: "`millrace env list` shows promotions that can be taken back; `millrace rollback ASSET` goes back to a version of one asset.",
  },
  MR8707: {
    title: "An environment cannot have this name",
    why: "`prod` is the one that all others fall through to. The schema of an environment, `raw__NAME`, must not be one that assets of the project have.",
    fix: "Choose another name, or rename the schema.",
  },
  MR8708: {
    title: "The environment is in use",
    why: "A run is going on in it, or in the environment that it is to be promoted to, and works on the same assets.",
    fix: "Wait for it, or `millrace cancel RUN`.",
  },
  MR8709: {
    title: "The run belongs to another environment",
    why: "A run is carried out where it was planned: elsewhere the same names mean other tables.",
    fix: "Say the same with `--env NAME`, or check its branch out.",
  },
  MR8710: {
    title: "The environment belongs to another branch",
    why: "The environment of a branch shows what that branch says; a run of another branch's code in it (`--env`) would take apart what it built. The name of a branch becomes lower case with `_` for all but letters and digits, so that `fix/a` and `fix-a` have one name.",
    fix: "Check its branch out: `git checkout BRANCH && millrace run`. Where two names come to the same, rename a branch, or drop the environment when the other branch is no longer needed: `millrace env drop NAME`.",
  },
  MR8711: {
    title: "A sample cannot be promoted",
    why: "An environment with `sample:` holds some of prod's rows only, so prod would lose all others.",
    fix: "It tells whether everything can be built. Promote the environment of the branch, or leave `sample:` out and build once more with `--full-refresh`.",
  },
  MR8712: {
    title: "Nothing says where this is to be deployed",
    why: "A branch has an environment of its own; a tag, a commit or a detached head has none. Where the settings name no environments everything is prod, and another branch than the one that is checked out would take its place.",
    fix: "`millrace deploy --ref REF --env NAME`, or `environments:` in millrace.yaml.",
  },
  MR8713: {
    title: "There is no such commit to deploy",
    why: "What is deployed is a commit of the repository in which the project lies.",
    fix: "Commit first, or fetch: `git fetch`; `git branch -a` and `git tag` list what there is.",
  },
  MR8714: {
    title: "The engine's files cannot follow what is deployed",
    why: "`millrace serve` carries out what the files of its folder say, so that they go forward with what is deployed to the environment that it serves (`git merge --ff-only`). Files that were changed there, or a history that went another way, forbid that.",
    fix: "Give the engine a checkout in which nobody works; commit or take back what differs, and deploy again.",
  },
  MR8715: {
    title: "The repository's remote does not answer",
    why: "A push was told, and what the branch is by now is asked of the remote that this repository has. It cannot be reached, or refuses.",
    fix: "`git fetch` in the project's folder says more; the engine needs access without a person: a deploy key, a credential helper.",
  },
} as const satisfies Readonly<Record<string, CodeEntry>>;
