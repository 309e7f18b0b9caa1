// The SDK's client for these settings.
import type * as sdkModule from "@aws-sdk/client-s3";
import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import { MillraceError } from "../../model/errors.ts";
import type { S3Settings } from "./settings.ts";

export type Sdk = typeof sdkModule;

const TRIES_MAX = 4;
const CONNECT_MS = 10_000;
const SOCKETS_MAX = 32;

/** Throws MR3305 for half a pair of keys. */
export async function clientFor(settings: S3Settings): Promise<{ readonly sdk: Sdk; readonly client: S3Client }> {
  const { accessKeyId, secretAccessKey, sessionToken, endpoint, anonymous } = settings;
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw new MillraceError({ code: "MR3305", message: "s3: accessKeyId and secretAccessKey belong together; one of them is missing" });
  }
  // Which Node the SDK's later versions want is none of our users' business: this one is built in.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  const sdk = await import("@aws-sdk/client-s3");
  const agent = { maxSockets: SOCKETS_MAX, keepAlive: true };
  const config: S3ClientConfig = {
    region: settings.region ?? process.env["AWS_REGION"] ?? process.env["AWS_DEFAULT_REGION"] ?? "us-east-1",
    forcePathStyle: settings.pathStyle ?? endpoint !== undefined,
    maxAttempts: TRIES_MAX,
    // Compatible stores know MD5 and not all of the newer checksums; every upload has its MD5.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: { connectionTimeout: CONNECT_MS, httpAgent: agent, httpsAgent: agent },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) } }),
    ...(anonymous === true
      ? { signer: { sign: (request) => Promise.resolve(request) }, credentials: { accessKeyId: "", secretAccessKey: "" } }
      : {}),
  };
  return { sdk, client: new sdk.S3Client(config) };
}
