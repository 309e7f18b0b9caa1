// Fixed-width files: columns by position.
import type { Format } from "../format.ts";
import { tabularFormat } from "../tabular/format.ts";
import { fixedWidthOptions } from "./options.ts";

export const fixedWidth: Format = tabularFormat(
  { name: "fixedWidth", summary: "Text with columns at fixed positions", extensions: [".fwf"], options: fixedWidthOptions },
  () => "fixedWidth",
);
