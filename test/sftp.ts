// A real OpenSSH server for a test file: its own keys, its own port, files in `files`.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { ensureProgram, freePort, startService, temporaryFolder, writeIn } from "./service.ts";

export interface TestSftp {
  readonly port: number;
  readonly user: string;
  /** Folder whose files the server gives. */
  readonly files: string;
  readonly privateKey: string;
  readonly privateKeyFile: string;
  /** SHA256:… */
  readonly hostKey: string;
  stop(): Promise<void>;
}

export async function startSftp(): Promise<TestSftp> {
  ensureProgram("/usr/sbin/sshd", "openssh-server");
  const folder = temporaryFolder("sftp");
  const files = join(folder, "files");
  mkdirSync(files);
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true });
  for (const name of ["hostkey", "id"]) keygen(["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
  keygen(["-q", "-t", "ed25519", "-N", "a-passphrase", "-f", join(folder, "locked")]);
  copyFileSync(join(folder, "id.pub"), join(folder, "authorized_keys"));
  writeIn(folder, { authorized_keys: readFileSync(join(folder, "id.pub"), "utf8") + readFileSync(join(folder, "locked.pub"), "utf8") });
  const port = await freePort();
  writeIn(folder, {
    sshd_config: `Port ${port}
ListenAddress 127.0.0.1
HostKey ${folder}/hostkey
AuthorizedKeysFile ${folder}/authorized_keys
PidFile none
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
MaxStartups 100
Subsystem sftp internal-sftp -d ${files}
`,
  });
  const service = await startService(["/usr/sbin/sshd", "-D", "-e", "-f", join(folder, "sshd_config")], { folder, port });
  return {
    port,
    user: userInfo().username,
    files,
    privateKey: readFileSync(join(folder, "id"), "utf8"),
    privateKeyFile: join(folder, "id"),
    hostKey: keygen(["-l", "-E", "sha256", "-f", join(folder, "hostkey.pub")]).split(" ")[1]!,
    stop: service.stop,
  };
}

function keygen(args: readonly string[]): string {
  const done = spawnSync("ssh-keygen", args, { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`ssh-keygen failed: ${done.stderr || done.error?.message}`);
  return done.stdout;
}
