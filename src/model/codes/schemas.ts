// Error codes of this area: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const schemasCodes = {
  MR4620: {
    title: "A schema is not compatible with the one before",
    why: "`contract: { compatibility }` asks that old and new data can be read by each other's schema, and this delivery or definition breaks it.",
    fix: "Make the change one that the mode allows (docs/contracts.md lists them), or set another mode for this one change.",
  },
  MR4621: {
    title: "A default does not fit its column",
    why: "`default:` of a column cannot be read as the column's type.",
    fix: "Write a default that the type can hold, or declare another `type`.",
  },
  MR4622: {
    title: "A nested path leads nowhere",
    why: "`nested:` names a path that cannot be one: it is empty, asks for two things at once, or makes a table of something that is no list.",
    fix: "Write the column's name, and fields below it after dots: `items`, `customer.addresses`.",
  },
  MR4623: {
    title: "A schema file cannot be understood",
    why: "The file is no data contract (ODCS), JSON Schema, Avro schema or source of this project.",
    fix: "Give a .yaml with `kind: DataContract`, a JSON Schema, an .avsc, or the name of an asset.",
  },
  MR4624: {
    title: "Two schemas are of different kinds",
    why: "Compatibility is defined within one kind: JSON Schema, Avro, or columns of a table.",
    fix: "Export both in one format: `millrace contract export ASSET --format json-schema|avro|odcs`.",
  },
  MR4625: {
    title: "An asset has no schema yet",
    why: "It was never loaded, and its definition declares no columns.",
    fix: "Run it once: `millrace run --select ASSET`, or declare its `columns:`.",
  },
  MR4626: {
    title: "A file would be overwritten",
    why: "The file that an import or export would write is there already.",
    fix: "Choose another with `--out`, or take the old one away.",
  },
  MR4627: {
    title: "Personal data has no key to be hashed with",
    why: "`pii: { column: hash }` needs a secret key, so that nobody can find values by trying.",
    fix: "Set the environment variable MILLRACE_PII_KEY. A warehouse in a file has a key of its own beside it.",
  },
  MR4628: {
    title: "Personal data is not where pii: looks for it",
    why: "`pii:` names a column that the source does not have, so that nothing would be masked.",
    fix: "Write the column's name as `millrace describe ASSET` shows it.",
  },
} as const satisfies Record<string, CodeEntry>;
