// HTML pages: one of their tables.
import type { Format } from "../format.ts";
import { tabularFormat } from "../tabular/format.ts";
import { htmlOptions } from "./options.ts";

export const html: Format = tabularFormat(
  { name: "html", summary: "Tables of HTML pages", extensions: [".html", ".htm", ".xhtml"], options: htmlOptions },
  () => "html",
);
