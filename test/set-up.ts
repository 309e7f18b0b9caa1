// Before the first test, in CI alone: begins to prepare the servers' programs. Elsewhere each test sees to its own.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export default function setUp(): void {
  if (process.env["CI"] !== "true") return;
  const script = fileURLToPath(new URL("prepare.ts", import.meta.url));
  spawn(process.execPath, ["--import", "jiti/register", script], { stdio: ["ignore", "ignore", "inherit"] }).unref();
}
