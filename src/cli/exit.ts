// Which exit code an error has (DESIGN §9, PROJECT §9). Scripts rely on these numbers.
import type { ErrorCode, MillraceError } from "../model/errors.ts";

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  project: 3,
  planHasChanges: 4,
  connection: 6,
  notFound: 7,
  held: 8,
  bug: 70,
  timedOut: 124,
  interrupted: 130,
} as const;

/** Codes that do not follow their range; checks and materializations that a definition gets wrong are found before anything runs. */
const SINGLE: Partial<Record<ErrorCode, number>> = {
  MR2020: EXIT.notFound,
  MR2021: EXIT.usage,
  MR4014: EXIT.project,
  MR4502: EXIT.project,
  MR4503: EXIT.project,
  MR4506: EXIT.project,
  MR4601: EXIT.project,
  MR4605: EXIT.project,
  MR4640: EXIT.project,
  MR4648: EXIT.project,
  MR4860: EXIT.connection,
  MR4861: EXIT.project,
  MR5001: EXIT.held,
  MR8005: EXIT.notFound,
  MR1614: EXIT.notFound,
  MR1615: EXIT.usage,
  MR6030: EXIT.connection,
  MR6031: EXIT.connection,
  MR6032: EXIT.project,
  MR6101: EXIT.notFound,
  MR6102: EXIT.notFound,
  MR6103: EXIT.notFound,
  MR8007: EXIT.usage,
  MR8112: EXIT.usage,
  MR8114: EXIT.notFound,
  MR8120: EXIT.connection,
  MR8201: EXIT.project,
  MR8202: EXIT.notFound,
  MR8203: EXIT.usage,
  MR8204: EXIT.usage,
  MR8210: EXIT.usage,
  MR8702: EXIT.notFound,
  MR8707: EXIT.usage,
  MR8801: EXIT.usage,
  MR8805: EXIT.usage,
  MR8806: EXIT.notFound,
  MR8807: EXIT.notFound,
  MR8808: EXIT.usage,
  MR8811: EXIT.notFound,
  MR8812: EXIT.usage,
  MR8814: EXIT.usage,
  MR8211: EXIT.notFound,
  MR8311: EXIT.notFound,
  MR6211: EXIT.usage,
  MR8102: EXIT.usage,
  MR8106: EXIT.connection,
  MR8901: EXIT.notFound,
  MR8902: EXIT.notFound,
  MR8903: EXIT.project,
  MR8904: EXIT.project,
  MR8905: EXIT.project,
  MR8906: EXIT.project,
  MR8907: EXIT.project,
  MR8908: EXIT.project,
  MR9101: EXIT.project,
  MR9102: EXIT.project,
  MR8909: EXIT.project,
  MR8910: EXIT.usage,
  MR9001: EXIT.bug,
};

/** Project and SQL errors are found before anything ran (3); words of the command line are 2; what failed while working is 1. */
export function exitCodeOf(error: MillraceError): number {
  const single = SINGLE[error.code];
  if (single !== undefined) return single;
  switch (error.code.slice(2, 3)) {
    case "1":
    case "2":
      return EXIT.project;
    case "7":
      return EXIT.usage;
    default:
      return EXIT.failed;
  }
}
