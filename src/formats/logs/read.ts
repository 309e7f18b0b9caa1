// Lines of a log by their form; a line of another form goes to quarantine with its number.
import { open } from "node:fs/promises";
import { MillraceError } from "../../model/errors.ts";
import type { ReadJob } from "../tabular/job.ts";
import { readLines } from "../tabular/lines.ts";
import type { TabularFile } from "../tabular/stage.ts";
import { accessForm, LINE_CHARACTERS_MAX, logForm } from "./forms.ts";
import { logsOptions } from "./options.ts";

/** Throws MR3252 and what reading lines throws. */
export async function readLogs(job: ReadJob): Promise<TabularFile> {
  const { skipLines = 0, comment, encoding, nulls = [], ...given } = logsOptions.parse(job.options);
  const pattern = given.pattern ?? (await knownForm(job));
  const form = logForm(pattern, job.name);
  const reader = {
    format: "logs",
    columns: form.columns.map((name) => ({ name, label: name })),
    read: (line: string) => {
      if (line.length > LINE_CHARACTERS_MAX) return { rule: "longLine", reason: `the line has ${line.length} characters` };
      return form.read(line) ?? { rule: "noMatch", reason: `the line does not have the form ${pattern}` };
    },
    doubts: () => [],
  };
  return readLines(job, reader, { skipLines, comment, encoding, nulls });
}

const HEAD_BYTES = 1 << 18;

/** The first line that is of a known form tells. Throws MR3253 when there is none. */
async function knownForm(job: ReadJob): Promise<"common" | "combined"> {
  const file = await open(job.path, "r");
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
    if (bytesRead === 0) return "combined";
    for (const line of head.toString("latin1", 0, bytesRead).split(/\r\n|\n|\r/)) {
      const form = accessForm(line);
      if (form !== null) return form;
    }
  } finally {
    await file.close();
  }
  throw new MillraceError({
    code: "MR3253",
    message: `${job.name}: no line has the common or the combined form of an access log`,
    hint: "say what a line looks like: pattern: '(?<time>\\S+) (?<level>[A-Z]+) (?<message>.*)'",
  });
}
