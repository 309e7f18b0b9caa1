// What says where a bucket is and who asks.
import * as z from "zod";
import { duration } from "../../model/duration.ts";

export const s3Settings = z.strictObject({
  bucket: z.string().min(1).optional().describe("bucket that paths without s3:// lie in"),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("address of a compatible store; default: Amazon's"),
  region: z.string().min(1).optional().describe("default: AWS_REGION, then us-east-1"),
  accessKeyId: z.string().min(1).optional().describe("default: the usual places (environment, profile, role of the machine)"),
  secretAccessKey: z.string().min(1).optional(),
  sessionToken: z.string().min(1).optional(),
  anonymous: z.boolean().optional().describe("true: ask without any key, for public buckets"),
  pathStyle: z.boolean().optional().describe("bucket in the path and not in the host name; default: with an endpoint of your own"),
  versions: z
    .enum(["latest", "all"])
    .optional()
    .describe("all: every version of a file is a file of its own (…?versionId=…); default latest"),
  asOf: z.iso.datetime({ offset: true }).optional().describe("the files as they stood at this time; needs a bucket with versioning"),
  requestTimeout: duration.optional().describe("longest time of one request other than a download; default 60s"),
});

export type S3Settings = z.infer<typeof s3Settings>;
