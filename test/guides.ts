// Runs a guide of docs/ as its reader would: its files make a project, its `sh` blocks are typed line by line. `npx` is this build; a name in capitals
// (RUN, BACKFILL) stands for the newest one there is; `# exit 1` says what a command ends with; `serve`, `dev` and lines that end in `&` stay in the background.
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { engineIn, until } from "./engine.ts";
import { entry, type Finished, project, repository } from "./millrace.ts";
import { millrace } from "./warm.ts";

const USUAL = "http://127.0.0.1:4400";

/** What the README's project reads. */
export const SALES = { "data/sales_1.csv": "id,price,sold_on\n1,$10.50,2026-01-02\n2,$0.20,2026-01-03\n3,n/k,2026-01-04\n" };

export interface Guide {
  readonly files: Readonly<Record<string, string>>;
  readonly lines: readonly string[];
}

/** Files are blocks under a line that begins with their path; commands are the lines of `sh` blocks. */
export function readGuide(text: string): Guide {
  const files = Object.fromEntries(
    [...text.matchAll(/^`([\w./]+\.\w+)`[^\n]*\n```\w+\n([\s\S]*?)```/gm)].map((match) => [match[1]!, match[2]!]),
  );
  if (text.includes("project of the [README]")) Object.assign(files, { ...readGuide(readme()).files, ...SALES, ...files });
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)```/gm)].map((match) => match[1]!);
  return { files, lines: blocks.flatMap((block) => block.split("\n")).filter((line) => line.trim() !== "" && !line.startsWith("#")) };
}

/** What each line came to that did not end as it says; empty when the guide is true. */
export async function followGuide({ files, lines }: Guide): Promise<readonly string[]> {
  const made = project({ "millrace.yaml": "name: guide\n", "secrets.env": "HOOK=secret-of-the-hook\n", ...files });
  const bin = join(made.dir, ".bin");
  mkdirSync(bin);
  // A program of the guide finds the package as it would be installed.
  if (Object.values(files).some((text) => text.includes('"millrace/client"'))) {
    mkdirSync(join(made.dir, "node_modules"));
    symlinkSync(repository, join(made.dir, "node_modules/millrace"));
  }
  writeFileSync(join(bin, "npx"), `#!/bin/sh\nshift\nexec "${process.execPath}" "${entry}" "$@"\n`);
  chmodSync(join(bin, "npx"), 0o755);
  const wrong: string[] = [];
  const left: { readonly line: string; readonly child: ChildProcess; readonly finished: Promise<Finished>; readonly serves: boolean }[] =
    [];
  const type = (line: string): { readonly child: ChildProcess; readonly finished: Promise<Finished> } => sh(line, made.dir, bin);
  try {
    for (const line of lines) {
      const [command = "", comment = ""] = line.split(/\s+#\s/, 2);
      const named = await withNames(command.trim(), made.dir);
      if (named.endsWith("&") || /^npx millrace (serve|dev)$/.test(named)) {
        const serves = !named.endsWith("&");
        const started = type(`exec ${named.replace(/\s*&$/, "")}${serves ? " --port 0" : ""}`);
        left.push({ line, ...started, serves });
        const isUp = serves ? until(() => engineIn(made.dir)) : until(async () => (await waits(made.dir)) || undefined);
        const ended = await Promise.race([isUp.then(() => undefined), started.finished]);
        if (ended !== undefined) return [...wrong, `${line}\n→ it ended with ${ended.exitCode} ${ended.stdout}${ended.stderr}`];
        continue;
      }
      const words = plainWords(named);
      const { exitCode, stdout, stderr } = await (words === null ? type(named).finished : millrace(words, made.dir));
      if (exitCode !== Number(/exit (\d+)/.exec(comment)?.[1] ?? 0)) wrong.push(`${line}\n→ ${exitCode} ${stdout}${stderr}`);
    }
    for (const { line, child, finished, serves } of left) {
      if (serves) child.kill("SIGTERM");
      const { exitCode, stdout, stderr } = await finished;
      if (exitCode !== 0) wrong.push(`${line}\n→ ${exitCode} ${stdout}${stderr}`);
    }
    return wrong;
  } finally {
    for (const { child } of left) child.kill("SIGKILL");
    await Promise.all(left.map(({ finished }) => finished));
    made.remove();
  }
}

/** The words of a line that is one command of Millrace and asks nothing of the shell; null for other lines. */
function plainWords(line: string): readonly string[] | null {
  const command = /^npx millrace (.+)$/.exec(line)?.[1];
  if (command === undefined || !/^(?:[\w./:=,@+-]|"[^"$`\\]*"|'[^']*'|\s)+$/.test(command)) return null;
  const words = command.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ""));
}

function sh(line: string, cwd: string, bin: string): { readonly child: ChildProcess; readonly finished: Promise<Finished> } {
  const env = { ...process.env, CI: "", NO_COLOR: "1", PATH: `${bin}${delimiter}${process.env["PATH"]}` };
  const child = spawn("sh", ["-c", line], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const finished = new Promise<Finished>((done, fail) => {
    child.on("error", fail);
    child.on("close", (exitCode, signal) => done({ exitCode, signal, stdout, stderr, lines: () => [] }));
  });
  return { child, finished };
}

/** RUN of a line that names an asset is the newest run of that asset. The usual address is that of the engine that serves this guide. */
async function withNames(line: string, dir: string): Promise<string> {
  let named = line;
  if (line.includes(USUAL)) {
    named = named.replaceAll(USUAL, engineIn(dir)!.url);
  }
  if (/\bRUN\b/.test(line)) {
    const asset = / rollback (\S+)/.exec(line)?.[1];
    const { runs } = await answer(["runs", "--limit", "1", ...(asset === undefined ? [] : ["--asset", asset])], dir);
    named = named.replace(/\bRUN\b/, runs[0].run as string);
  }
  if (/\bBACKFILL\b/.test(line)) {
    const { backfills } = await answer(["backfill", "list"], dir);
    named = named.replace(/\bBACKFILL\b/, backfills[0].backfill as string);
  }
  return named;
}

/** Does the newest run wait for somebody? Asked of the state alone: who opens the warehouse could be in the way of what is being started. */
async function waits(dir: string): Promise<boolean> {
  const listed = await millrace(["runs", "--limit", "1", "--json"], dir);
  const run = listed.exitCode === 0 ? (listed.lines()[0]!["runs"][0]?.run as string | undefined) : undefined;
  if (run === undefined) return false;
  const shown = await millrace(["run", "show", run, "--json"], dir);
  return shown.exitCode === 0 && (shown.lines()[0]!["nodes"] as { waitsFor?: unknown }[]).some(({ waitsFor }) => waitsFor !== undefined);
}

async function answer(args: readonly string[], dir: string): Promise<Record<string, any>> {
  const { exitCode, stdout, stderr, lines } = await millrace([...args, "--json"], dir);
  if (exitCode !== 0) throw new Error(`${args.join(" ")} ended with ${exitCode}: ${stdout}${stderr}`);
  return lines()[0]!;
}

function readme(): string {
  return readFileSync(join(repository, "README.md"), "utf8");
}

/** The guide of a document. */
export function guideOf(path: string): Guide {
  return readGuide(readFileSync(path, "utf8"));
}
