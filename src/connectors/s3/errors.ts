// What the SDK throws, as our errors: what to do is in the code, whether to try again in `retryable`.
import { MillraceError, messageOf } from "../../model/errors.ts";

interface ServiceFailure {
  readonly name?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

const REFUSALS: Readonly<Record<string, string>> = {
  AccessDenied: "this key has no right to do that",
  InvalidAccessKeyId: "the access key is not known there",
  SignatureDoesNotMatch: "the secret key is wrong",
  ExpiredToken: "the session token has expired",
  InvalidToken: "the session token is wrong",
  InvalidObjectState: "the file is archived (Glacier) and must be restored first",
};

/** `what`: "s3://bucket/key", with nothing secret in it. */
export function s3Error(error: unknown, what: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const { name = "", $metadata, $response } = error as ServiceFailure;
  const status = $metadata?.httpStatusCode;
  if (name === "NoSuchBucket") return new MillraceError({ code: "MR3306", message: `${what}: there is no such bucket` });
  if (name === "NoSuchUpload")
    return new MillraceError({ code: "MR3307", message: `${what}: the store knows nothing of this upload (any more)` });
  if (name === "NoSuchKey" || name === "NoSuchVersion" || name === "NotFound" || status === 404) {
    return new MillraceError({ code: "MR3302", message: `${what} is not there (any more)`, retryable: true });
  }
  if (name === "PreconditionFailed" || status === 412) {
    return new MillraceError({ code: "MR3303", message: `${what} changed while it was fetched`, retryable: true });
  }
  if (Object.hasOwn(REFUSALS, name) || status === 403 || status === 401) {
    return new MillraceError({ code: "MR3301", message: `${what}: ${REFUSALS[name] ?? "the store refuses this key"}` });
  }
  if (name === "CredentialsProviderError") {
    const hint = "set accessKeyId and secretAccessKey, or `anonymous: true` for a public bucket";
    return new MillraceError({
      code: "MR3305",
      message: `${what}: no keys were found, neither in the connection nor on this machine`,
      hint,
    });
  }
  if (status === 301 || name === "PermanentRedirect" || name === "AuthorizationHeaderMalformed") {
    const region = $response?.headers?.["x-amz-bucket-region"];
    return new MillraceError({
      code: "MR3305",
      message: `${what}: the bucket is in another region${region === undefined ? "" : `: ${region}`}`,
    });
  }
  if (status === 429 || name === "SlowDown" || status === 503) {
    return new MillraceError({ code: "MR3308", message: `${what}: the store asks us to slow down`, retryable: true });
  }
  if (status !== undefined && status >= 400 && status < 500) {
    return new MillraceError({ code: "MR3309", message: `${what}: the store answers ${status} ${name}: ${messageOf(error)}` });
  }
  if (name === "TimeoutError" || name === "AbortError") {
    return new MillraceError({ code: "MR3300", message: `${what}: no answer in time`, retryable: true });
  }
  return new MillraceError({ code: "MR3300", message: `${what}: ${messageOf(error)}`, cause: error, retryable: true });
}
