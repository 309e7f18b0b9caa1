// Access of a process to itself: who asks is its user, by the API or as an agent; keys of requests are kept where all engines keep them.
import type { AccessPort } from "../../model/access.ts";
import { actingAs, ownName } from "../actor.ts";

/** `open` is called when something is to be kept. */
export function ownAccess(open: () => Promise<AccessPort>): AccessPort {
  return {
    now: Date.now,
    name: ownName(),
    actingAs,
    holder: async (secret) => (await open()).holder(secret),
    beginSession: async (of) => (await open()).beginSession(of),
    endSession: async (id) => (await open()).endSession(id),
    takeKey: async (...given) => (await open()).takeKey(...given),
    keepReply: async (...given) => (await open()).keepReply(...given),
  };
}
