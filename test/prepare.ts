// Installs and builds what the tests' servers need, all at once: in CI it runs beside the first tests, which wait for what they need (test/service.ts).
import { ensureBrowser } from "./browser.ts";
import { CHDB } from "./clickhouse.ts";
import { ensureFirefox } from "./firefox.ts";
import { FTP_SERVER } from "./ftp.ts";
import { OPENLINEAGE } from "./openlineage.ts";
import { versitygw } from "./s3.ts";
import { ensureProgram, ensurePython } from "./service.ts";
import { TPC } from "./tpc.ts";

const steps: readonly (() => unknown)[] = [
  () => ensureBrowser(),
  () => ensureFirefox(),
  () => versitygw(),
  () => ensureProgram("/usr/sbin/mariadbd", "mariadb-server"),
  () => ensureProgram("/usr/sbin/sshd", "openssh-server"),
  () => ensureProgram("/usr/sbin/dovecot", "dovecot-imapd"),
  () => ensurePython(...CHDB),
  () => ensurePython(...OPENLINEAGE),
  () => ensurePython(...FTP_SERVER),
  () => ensurePython(...TPC),
];
for (const step of steps) {
  try {
    step();
  } catch (error) {
    console.error(String(error)); // the test that needs it fails with the same words
  }
}
