// What says which bucket of Google Cloud Storage is meant and who asks.
import * as z from "zod";

export const gcsSettings = z.object({
  bucket: z.string().min(1).describe("the bucket"),
  project: z.string().optional().describe("the project that pays, where the bucket asks for one"),
  keyFile: z
    .string()
    .optional()
    .describe("path of a service account's key file, from the project's folder; default: what the machine is logged in as"),
  credentials: z.string().optional().describe("the contents of such a file; a secret"),
  endpoint: z.string().optional().describe("address of the service, for emulators"),
});
export type GcsSettings = z.infer<typeof gcsSettings>;
