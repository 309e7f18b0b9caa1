// The S3 connector: files in buckets of S3 and of what speaks like it (MinIO, R2, Ceph, …). The AWS SDK is loaded when the first bucket is asked.
import { MillraceError } from "../../model/errors.ts";
import { storeConnector } from "../../filestores/connector.ts";
import { s3Settings, type S3Settings } from "./settings.ts";
import { openS3 } from "./store.ts";

export const s3 = storeConnector<S3Settings>({
  name: "s3",
  summary:
    "Reads and writes files in S3 and compatible stores: patterns, archives, versions, resumed downloads, uploads whole or not at all.",
  settings: s3Settings,
  writes: "files",
  open: openS3,
  pathOf(written, { bucket }) {
    const path = written.startsWith("s3://") ? written.slice("s3://".length) : bucket === undefined ? written : `${bucket}/${written}`;
    const name = path.split("/")[0] ?? "";
    if (name === "" || /[*?[{]/.test(name) || !path.includes("/")) {
      throw new MillraceError({
        code: "MR3305",
        message: `s3: ${written === "" ? "no path" : written} names no bucket`,
        hint: "write path: s3://BUCKET/…, or bucket: and a path in it",
      });
    }
    return path;
  },
});
