// Error codes of this area: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const formatsCodes = {
  MR3250: {
    title: "A fixed-width file has no columns",
    why: "Nothing in such a file says where a column ends, so `fields` has to.",
    fix: 'Write the positions under `files:`: `fields: { id: "1-6", name: "7-26", note: "27-" }`, counted from 1.',
  },
  MR3251: {
    title: "Positions of a fixed-width column are wrong",
    why: "Positions count from 1, both ends included, and each column has a name of its own.",
    fix: "Correct the positions that the message names.",
  },
  MR3252: {
    title: "The form of a log line is wrong",
    why: "`pattern` is `combined`, `common`, or a regular expression of JavaScript with at least one named group; each group is a column.",
    fix: "Correct the expression: `(?<time>\\S+) (?<level>[A-Z]+) (?<message>.*)`.",
  },
  MR3253: {
    title: "The form of a log is not known",
    why: "Without `pattern` a log is taken for an access log of a web server, and no line at its beginning is one.",
    fix: "Say what a line looks like with `pattern:`, or read the file as text with `format: csv` and `delimiter: none`.",
  },
  MR3254: {
    title: "A table of a page is not there",
    why: "The page has no table, or none of this number, selector or caption. Tables that a script draws are not in the file.",
    fix: "Correct `table:` or `caption:`; the message lists the tables that there are.",
  },
  MR3255: {
    title: "A selector is not understood",
    why: "Tables are chosen by tags, #id, .class and [attribute=value], with blanks between an element and what is within it.",
    fix: "Write a simpler selector, or the number of the table.",
  },
  MR3256: {
    title: "A page is too large",
    why: "A page is held in memory while its table is read, so its size and the cells of its table are limited.",
    fix: "Ask for the data in another form: what is that large is there as a file too.",
  },
  MR3257: {
    title: "The records of an XML document are not found",
    why: "`rows` is the way from the root to the elements that are records, and no element stands there.",
    fix: "Correct it: `rows: /root/items/item`. The message lists the ways that there are.",
  },
  MR3258: {
    title: "An XML document declares entities",
    why: "Entities can make a small file huge, or ask for files of this machine. A document that declares any is not read.",
    fix: "Take the declarations out of its DOCTYPE; the five of XML itself and characters by number work without them.",
  },
  MR3259: {
    title: "A record of an XML document is too large",
    why: "Records are held in memory one by one. One that is this large is most often the whole document.",
    fix: "Name the records with `rows:`.",
  },
  MR3260: {
    title: "A document is no valid XML",
    why: "It is cut off, or its elements, attributes or characters are wrong. `invalid: fail` was written, or it is too large to be set aside.",
    fix: "Have it delivered again, or correct the line that the message names.",
  },
  MR3261: {
    title: "An Avro file is damaged",
    why: "Its header, its schema or one of its blocks is wrong or cut off. Nothing of it is loaded.",
    fix: "Have it delivered again.",
  },
  MR3262: {
    title: "The codec of an Avro file is not known",
    why: "Its blocks are packed by something else than null, deflate, snappy, zstandard, bzip2 or xz.",
    fix: "Write it with one of these codecs.",
  },
  MR3263: {
    title: "A sheet of a workbook is not there",
    why: "No sheet has this name or number, or matches this pattern; hidden sheets are taken only when they are named.",
    fix: "Correct `sheet:`; the message lists the sheets that there are.",
  },
  MR3264: {
    title: "A workbook cannot be read",
    why: "It is damaged or cut off, or something else under the name of a workbook. Nothing of it is loaded.",
    fix: "Have it delivered again, or name the right `format:`.",
  },
  MR3265: {
    title: "A workbook is locked",
    why: "It is encrypted with a password, which Millrace cannot open.",
    fix: "Save it without a password.",
  },
  MR3266: {
    title: "ORC files cannot be read",
    why: "There is no kept reader of ORC for JavaScript, and DuckDB has none.",
    fix: "Write the data as Parquet; every program that writes ORC can.",
  },
  MR3267: {
    title: "Rows cannot be written in this format",
    why: "The format has a limit that the rows exceed (a sheet has 1,048,576 rows and 16,384 columns), or a type that it cannot say.",
    fix: "Write another format such as Parquet or CSV, or write less; the message says what is too much.",
  },
  MR3268: {
    title: "Columns of partitions do not fit",
    why: "`partitionBy` names columns of the query, not all of them, and works for formats whose rows need nothing of each other.",
    fix: "Correct the columns, or remove `partitionBy`.",
  },
} as const satisfies Record<string, CodeEntry>;
