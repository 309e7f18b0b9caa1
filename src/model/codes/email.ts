// Error codes of mailboxes: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const emailCodes = {
  MR3320: {
    title: "An attachment is damaged",
    why: "Its base64 or quoted-printable text ends in the middle or holds what cannot be there, or its encoding is none that we know. A part of an attachment is never loaded.",
    fix: "Ask the sender to send it again, and move the message that is named to a folder that is not read (or narrow `from`, `subject`, `since`); the others are loaded by the next run.",
  },
  MR3321: {
    title: "A mailbox has no such folder",
    why: "The server knows the user, but `folder` is none of the folders that it shows.",
    fix: "Choose one of the folders that the message lists.",
  },
} as const satisfies Record<string, CodeEntry>;
