// Single keys of a terminal, and the browser of this machine.
import { spawn } from "node:child_process";

const CTRL_C = "\u0003";
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
  linux: ["xdg-open"],
};

/** Returns how to stop. Ctrl-C is the signal that it always is. */
export function watchKeys(signal: AbortSignal, press: (key: string) => void): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => {};
  const take = (data: Buffer): void => {
    const key = data.toString();
    if (key === CTRL_C) process.kill(process.pid, "SIGINT");
    else if (!signal.aborted) press(key);
  };
  stdin.setRawMode(true);
  stdin.resume();
  stdin.on("data", take);
  return () => {
    stdin.off("data", take);
    stdin.setRawMode(false);
    stdin.pause();
  };
}

/** Whether there is something to open it with. */
export function openInBrowser(link: string): boolean {
  const opener = OPENERS[process.platform];
  if (opener === undefined) return false;
  const [command, ...words] = opener;
  const child = spawn(command, [...words, link], { stdio: "ignore", detached: true });
  child.on("error", () => {}); // no browser here: the link stands on the screen
  child.unref();
  return true;
}
