// The GCS connector: objects of a bucket of Google Cloud Storage, read and written.
import { storeConnector } from "../../filestores/connector.ts";
import { gcsSettings } from "./settings.ts";
import { openGcs } from "./store.ts";

export const gcs = storeConnector({
  name: "gcs",
  summary: "Reads and writes files of Google Cloud Storage; a file is what its generation says.",
  settings: gcsSettings,
  writes: "files",
  open: (settings, { projectDir }) => openGcs(settings, projectDir),
});
