// The FTP connector: files of an FTP or FTPS server, read and written.
import { storeConnector } from "../../filestores/connector.ts";
import { ftpSettings } from "./settings.ts";
import { FtpStore } from "./store.ts";

export const ftp = storeConnector({
  name: "ftp",
  summary: "Reads and writes files of an FTP server, over TLS unless told otherwise; broken downloads go on where they ended.",
  settings: ftpSettings,
  writes: "files",
  open: (settings) => Promise.resolve(new FtpStore(settings)),
});
