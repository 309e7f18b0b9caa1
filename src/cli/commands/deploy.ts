// `millrace deploy`: brings the environment of a branch to what a commit says.
import type { DeployAnswer } from "../../model/deploy-answers.ts";
import { type Command, type CommandContext, text } from "../command.ts";
import { EXIT } from "../exit.ts";
import { createProgress } from "../progress.ts";
import { printable } from "../table.ts";
import { shortCommit } from "../words.ts";

export const deploy: Command = {
  name: "deploy",
  environment: "any",
  summary: "Brings the environment of a branch to what a commit says; what is checked out stays",
  examples: ["millrace deploy", "millrace deploy --ref origin/main", "millrace deploy --ref v1.4 --env staging", "millrace deploy --run"],
  options: [
    ["--ref <ref>", "a branch, tag or commit (default: what is committed on the branch that is checked out)"],
    ["--run", "also what `millrace run` does: ask the sources, write the exports"],
  ],
  async run(context, _args, options) {
    const { output, global } = context;
    const ref = text(options["ref"]);
    const { env: environment } = global;
    const request = {
      ...(ref === undefined ? {} : { ref }),
      ...(environment === undefined ? {} : { environment }),
      run: options["run"] === true,
    };
    const app = await context.app();
    if (output.mode === "json") {
      const answer = await app.deploy(request, () => {});
      output.json(answer);
      return exitOf(answer);
    }
    const progress = createProgress(output);
    try {
      const answer = await app.deploy(request, (event) => progress.observe(event));
      if (answer.run !== null) progress.finish(answer.run, { again: "millrace deploy", retry: "millrace deploy" });
      tell(context, answer);
      return exitOf(answer);
    } finally {
      progress.close();
    }
  },
};

function exitOf({ status }: DeployAnswer): number {
  return status === "failed" ? EXIT.failed : EXIT.ok;
}

function tell({ output }: CommandContext, { environment, ref, commit, author, status, notes }: DeployAnswer): void {
  const what = `${printable(ref)} ${shortCommit(commit)} by ${printable(author)}`;
  for (const note of notes) output.note(printable(note));
  switch (status) {
    case "deployed":
      return output.data(`${output.symbol("ok")} ${environment} is at ${what}`);
    case "current":
      return output.data(`${output.symbol("ok")} ${environment} was at ${what} already`);
    case "failed":
      return output.warn(`${output.symbol("failed")} ${environment} is not at ${what}`);
    default:
      return status satisfies never;
  }
}
