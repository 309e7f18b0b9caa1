// The SFTP connector: files of an SSH server, read and written.
import { storeConnector } from "../../filestores/connector.ts";
import { sftpSettings } from "./settings.ts";
import { SftpStore } from "./store.ts";

export const sftp = storeConnector({
  name: "sftp",
  summary: "Reads and writes files of an SFTP server; its key is checked, broken downloads go on where they ended.",
  settings: sftpSettings,
  writes: "files",
  open: (settings, { projectDir }) => Promise.resolve(new SftpStore(settings, projectDir)),
});
