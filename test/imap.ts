// A real IMAP server (Dovecot) for a test file: user "user", password "pass", messages are put into its Maildir.
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ensureProgram, freePort, startService, temporaryFolder } from "./service.ts";

export interface TestImap {
  readonly port: number;
  /** Puts a message into a folder ("" is INBOX) as delivery does. */
  deliver(message: string, folder?: string): void;
  /** Names of the messages' files with their flags, as the server keeps them. */
  messages(): readonly string[];
  /** The server forgets the numbers of its messages: another UIDVALIDITY. */
  rebuild(): void;
  stop(): Promise<void>;
}

let delivered = 0;

export async function startImap(): Promise<TestImap> {
  ensureProgram("/usr/sbin/dovecot", "dovecot-imapd");
  const folder = temporaryFolder("imap");
  const port = await freePort();
  const [uid, gid] = process.getuid?.() === 0 ? idsOf("mail") : [process.getuid!(), process.getgid!()];
  const maildir = join(folder, "home/Maildir");
  const own = (path: string): void => chownSync(path, uid, gid);
  const makeBox = (box: string): void => {
    for (const part of ["", "cur", "new", "tmp"]) mkdirSync(join(box, part), { recursive: true });
    for (const part of ["", "cur", "new", "tmp"]) own(join(box, part));
  };
  mkdirSync(join(folder, "run"));
  makeBox(maildir);
  own(join(folder, "home"));
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, "passwd"), `user:{PLAIN}pass:${uid}:${gid}::${folder}/home::\n`, { mode: 0o644 });
  writeFileSync(
    join(folder, "dovecot.conf"),
    `base_dir = ${folder}/run
log_path = /dev/stderr
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
mail_location = maildir:~/Maildir
first_valid_uid = 1
default_login_user = nobody
default_internal_user = nobody
default_internal_group = nogroup
service imap-login {
  chroot =
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
service anvil {
  chroot =
}
passdb {
  driver = passwd-file
  args = ${folder}/passwd
}
userdb {
  driver = passwd-file
  args = ${folder}/passwd
}
`,
  );
  const service = await startService(["/usr/sbin/dovecot", "-F", "-c", join(folder, "dovecot.conf")], { folder, port });
  return {
    port,
    deliver(message, box = "") {
      const place = box === "" ? maildir : join(maildir, `.${box}`);
      makeBox(place);
      const path = join(place, "new", `${1_760_000_000 + ++delivered}.M${delivered}.test`);
      writeFileSync(path, message.replaceAll(/\r?\n/g, "\r\n"));
      own(path);
    },
    messages: () => ["new", "cur"].flatMap((part) => readdirSync(join(maildir, part)).map((name) => `${part}/${name}`)).toSorted(),
    rebuild() {
      for (const name of readdirSync(maildir)) if (name.startsWith("dovecot")) rmSync(join(maildir, name), { recursive: true });
    },
    stop: service.stop,
  };
}

function idsOf(name: string): readonly [number, number] {
  const fields = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((line) => line.startsWith(`${name}:`))
    ?.split(":");
  if (fields === undefined) throw new Error(`there is no user ${name} to run the server as (${dirname("/etc/passwd")})`);
  return [Number(fields[2]), Number(fields[3])];
}
