// Which failures a fallback stands in for: those of the service, not those of the settings.
import { MillraceError } from "../../model/errors.ts";

export function isDisconnection(error: unknown): boolean {
  return error instanceof MillraceError && error.retryable;
}
