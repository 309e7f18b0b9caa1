// The shop, served by a process of its own: what tests of the page look at, with whichever browser. Made once per file of tests.
import type { ChildProcess } from "node:child_process";
import { type Served, serveIn } from "../engine.ts";
import { type Finished, millrace, project } from "../millrace.ts";
import { shopFiles } from "./shop.ts";

export interface ServedShop {
  readonly dir: string;
  url(): string;
  write(path: string, content: string): void;
  millrace(args: readonly string[]): Promise<Finished>;
  /** A link that opens a session once. */
  link(): Promise<string>;
  /** Ends the server as it ends by itself or as it dies, and starts it again at the same address. */
  restart(signal: "SIGTERM" | "SIGKILL", meanwhile?: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** The shop has a run that failed, one that waits for an approval, and rows set aside. */
export async function serveShop(files: Readonly<Record<string, string>> = shopFiles): Promise<ServedShop> {
  const made = project(files);
  const command = (args: readonly string[]): Promise<Finished> => millrace(args, made.dir);
  const isShop = "jobs/broken.yaml" in files;
  if (isShop) {
    await command(["run"]);
    await command(["run", "broken"]);
  }
  let served = await serveIn(made.dir);
  if (isShop) await submit(served);
  return {
    dir: made.dir,
    url: () => served.url,
    write: made.write,
    millrace: command,
    async link() {
      const { stdout, stderr } = await command(["token", "link"]);
      const link = stdout.split("\n").find((line) => line.includes("#key="));
      if (link === undefined) throw new Error(`token link: ${stdout}${stderr}`);
      return link.trim();
    },
    async restart(signal, meanwhile) {
      const { port } = new URL(served.url);
      await stop(served.child, signal);
      await meanwhile?.();
      served = await serveIn(made.dir, { port });
    },
    async close() {
      await stop(served.child, "SIGKILL");
      made.remove();
    },
  };
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  child.kill(signal);
  await ended;
}

/** A run of `publish` that waits for a person. */
async function submit({ url, token }: Served): Promise<void> {
  const answer = await fetch(`${url}/api/v1/runs`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ job: "publish" }),
  });
  if (!answer.ok) throw new Error(`publish: ${answer.status} ${await answer.text()}`);
}
