// Delimited files: CSV, TSV and whatever else separates cells by characters. The way in for everybody else.
import type { Format } from "../format.ts";
import { delimitedOptions } from "./options.ts";
import { peek } from "./peek.ts";
import { stage } from "./stage.ts";

export const delimited: Format = {
  name: "csv",
  summary:
    "Reads CSV, TSV and other delimited text: finds encoding, dialect, header and types itself, and proves that every line is accounted for.",
  extensions: [".csv", ".tsv", ".tab", ".psv", ".txt"],
  options: delimitedOptions,
  stage,
  peek,
};
