// Error codes of `millrace serve`: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const serveCodes = {
  MR8101: {
    title: "The server cannot listen",
    why: "The port is used by another program, or the host is no address of this machine.",
    fix: "Choose another port with --port (0 takes any that is free), or another --host.",
  },
  MR8102: {
    title: "A server that others can reach needs a token",
    why: "On an address other than loopback anybody on the network could start and stop runs.",
    fix: "Set the environment variable MILLRACE_TOKEN to a long random text, or leave --host out and put a proxy in front.",
  },
  MR8103: {
    title: "A webhook cannot be taken",
    why: "Its path is that of another trigger, or the secret of its signature is missing, so that nobody could be told from anybody else.",
    fix: "Give each webhook a path of its own; set the secret that the message names, then save the job's file.",
  },
  MR8104: {
    title: "A sensor failed",
    why: "What the sensor asks could not be asked: its query, address or function failed. It is asked again, less and less often.",
    fix: "Look at the cause. `millrace triggers` shows since when it fails and how often.",
  },
  MR8105: {
    title: "A value for a parameter is not in what arrived",
    why: "`params:` of the trigger takes a value from the body, file or run that fired it, and there is none at that path.",
    fix: "Correct the path under `params:` of the trigger, or give the parameter a default in the job.",
  },
  MR8106: {
    title: "The server that carries out the run is gone",
    why: "`millrace serve` ended while its run was being followed. The run is kept and goes on with the next engine.",
    fix: "Start `millrace serve` again; `millrace run show RUN` tells how it went.",
  },
  MR8107: {
    title: "A request for a run ended without one",
    why: "The job was busy and says to skip, the request was replaced by a newer one, or its plan failed.",
    fix: "`millrace triggers JOB` tells what became of each request.",
  },
  MR8108: {
    title: "The engine does not know an operation",
    why: "The command is of another version of Millrace than the `serve` that holds the warehouse.",
    fix: "Start `millrace serve` again with the version of the command.",
  },
  MR8109: {
    title: "A request to the API is not right",
    why: "A field is missing, of another type than it must be, or none of the route; or the body is no JSON.",
    fix: "The message names each field with what it takes. /api lists all routes with their fields.",
  },
  MR8170: {
    title: "The API has no such address",
    why: "No route has this path. It may be of another version of Millrace than the server.",
    fix: "/api lists all routes; the message names the nearest.",
  },
  MR8171: {
    title: "The address takes another method",
    why: "Reads are GET, acts are POST.",
    fix: "Send the method that the message names.",
  },
  MR8172: {
    title: "A request is too long",
    why: "What is sent to the API is held in memory, so its size is limited.",
    fix: "Send less at once: a file that is in the project can be named in place of its content.",
  },
  MR8173: {
    title: "Too many live streams are open",
    why: "Each page and each client that follows changes holds a connection; their number is limited, so that they cannot take the engine's memory.",
    fix: "Try again in a moment. A browser needs one stream for all its pages; a client that ended should close its own.",
  },
} as const satisfies Record<string, CodeEntry>;
