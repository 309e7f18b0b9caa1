// What says which Azure Blob container is meant and who asks.
import * as z from "zod";

export const azureSettings = z.object({
  container: z.string().min(1).describe("the container"),
  account: z.string().optional().describe("name of the storage account"),
  accountKey: z.string().optional().describe("a secret"),
  connectionString: z.string().optional().describe("in place of account and key; a secret"),
  sasToken: z.string().optional().describe("a shared access signature in place of the key; a secret"),
  endpoint: z
    .string()
    .optional()
    .describe("address of the blob service, for sovereign clouds and emulators; default https://ACCOUNT.blob.core.windows.net"),
});
export type AzureSettings = z.infer<typeof azureSettings>;
