// Errors with the lines of the files they stand in, for whoever has no terminal.
import { asMillraceError, type MillraceError } from "../../model/errors.ts";
import type { FramedError } from "../../model/project-answers.ts";
import { sourceFrame } from "../../platform/source-frame.ts";
import type { Workspace } from "../workspace.ts";

/** An error with the lines around its place, without secrets. */
export function framed(workspace: Pick<Workspace, "redact">, error: MillraceError): FramedError {
  const told = { ...error.toJSON(), frame: sourceFrame(error.location) };
  return JSON.parse(workspace.redact(JSON.stringify(told))) as FramedError;
}

/** What was thrown, one by one. */
export function errorsOf(thrown: unknown): readonly MillraceError[] {
  const error = asMillraceError(thrown);
  return error.errors.length === 0 ? [error] : error.errors;
}
