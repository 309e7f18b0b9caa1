// Error codes of access to the server: who may, how often, how much.
import type { CodeEntry } from "./entry.ts";

export const accessCodes = {
  MR8110: {
    title: "The server does not know who asks",
    why: "Acts from a page want a session, and other machines want a token. None was sent, or it has expired or was revoked.",
    fix: "Open the link that `millrace token link` prints, or send `Authorization: Bearer …` with a token of `millrace token create`.",
  },
  MR8111: {
    title: "The scope does not reach",
    why: "The token or session may not do this: `read` looks, `operate` acts on runs and data, `admin` gives access and removes for good.",
    fix: "Use a token with the scope that the message names: `millrace token create NAME --scope …`.",
  },
  MR8112: {
    title: "A token cannot be made like that",
    why: "Its name has other characters than names have, or it would last too long.",
    fix: "Up to 64 letters, digits, spaces and . _ @ - make a name; `--expires` takes a duration up to 366d.",
  },
  MR8113: {
    title: "A token of that name is there",
    why: "Names tell tokens apart in the audit log, so two that are live never share one.",
    fix: "Take another name, or revoke the old one first: `millrace token revoke NAME`.",
  },
  MR8114: {
    title: "There is no such token",
    why: "No token has this id, and none that is live has this name.",
    fix: "`millrace token list` shows all of them.",
  },
  MR8115: {
    title: "A request comes from where it may not",
    why: "Its Host names another machine, or a page of another site sent it. The server would be open to any page that the browser shows.",
    fix: "Open the page by the address that `serve` prints. A proxy in front must set Host to that address.",
  },
  MR8116: {
    title: "Too many requests",
    why: "So many requests in so short a time, or failed sign-ins, are not answered, so that others are.",
    fix: "Wait for as long as Retry-After says, and send less at a time.",
  },
  MR8117: {
    title: "An idempotency key stands for another request",
    why: "The key was sent before with another act or other values, so what came of that is no answer to this.",
    fix: "Send a new key with every new request; the same key only to try the same request again.",
  },
  MR8118: {
    title: "It is not known what came of a request",
    why: "A request with this idempotency key began, and the engine that carried it out ended before it was answered.",
    fix: "Look at what there is now (`millrace runs`, `millrace audit`); then send it again with a new key if it was not done.",
  },
  MR8119: {
    title: "A table of the state is busy",
    why: "Others change it so often that one more change did not find its turn.",
    fix: "Try again.",
  },
  MR8120: {
    title: "No engine is running here",
    why: "The page and its links are those of `serve` or `dev` of this project, and none of them runs.",
    fix: "Start `millrace serve`, then ask for the link again.",
  },
  MR8194: {
    title: "An act was done, but is not in the audit log",
    why: "The state could not be written after the act was done: a full disk, or a database that went away.",
    fix: "Do not send it again. Make the state writable; the next start of the engine notes the act.",
  },
  MR8195: {
    title: "An engine ended in the middle of an act",
    why: "The process was killed, or its machine went down, after the act was begun and before the audit log said what came of it.",
    fix: "Look at what there is now: `millrace runs`, `millrace status`. Nothing is half: what was not committed is gone, what was is there.",
  },
} as const satisfies Record<string, CodeEntry>;
