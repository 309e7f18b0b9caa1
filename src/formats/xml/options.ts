// Where the records of an XML document are, and how its names are taken.
import * as z from "zod";

export const xmlOptions = z.strictObject({
  rows: z.string().optional().describe("way to the list of records in the document: data.items in JSON, /root/items/item in XML"),
  prefixes: z.enum(["drop", "keep"]).optional().describe("prefixes of namespaces in XML names (default: drop)"),
  invalid: z.enum(["quarantine", "fail"]).optional().describe("what happens to a document that cannot be parsed (default: quarantine)"),
});
