// The email connector: attachments of the messages in a mailbox, read only.
import { storeConnector } from "../../filestores/connector.ts";
import { emailSettings } from "./settings.ts";
import { EmailStore } from "./store.ts";

export const email = storeConnector({
  name: "email",
  summary: "Reads attachments from a mailbox (IMAP), each message once; nothing in the mailbox changes.",
  settings: emailSettings,
  writes: "nothing",
  open: (settings) => Promise.resolve(new EmailStore(settings)),
  // Attachments lie in a folder per message: a bare name means any message's.
  pathOf: (written) => (written === "" || written.includes("/") ? written : `*/${written}`),
});
