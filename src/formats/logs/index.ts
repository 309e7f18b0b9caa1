// Log lines: the combined and common forms of web servers, or a regular expression with named groups.
import type { Format } from "../format.ts";
import { tabularFormat } from "../tabular/format.ts";
import { logsOptions } from "./options.ts";

export const logs: Format = tabularFormat(
  { name: "logs", summary: "Log lines: combined, common, or a named regular expression", extensions: [".log"], options: logsOptions },
  () => "logs",
);
