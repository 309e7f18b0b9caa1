// The Azure connector: blobs of a container, read and written.
import { storeConnector } from "../../filestores/connector.ts";
import { azureSettings } from "./settings.ts";
import { openAzure } from "./store.ts";

export const azure = storeConnector({
  name: "azure",
  summary: "Reads and writes files of Azure Blob Storage; versions are told by their ETag.",
  settings: azureSettings,
  writes: "files",
  open: (settings) => openAzure(settings),
});
