// Excel workbooks: .xlsx by our own streaming reader, .xls by a library.
import { open } from "node:fs/promises";
import type { Format } from "../format.ts";
import { tabularFormat } from "../tabular/format.ts";
import { excelOptions } from "./options.ts";

export const excel: Format = tabularFormat(
  { name: "excel", summary: "Excel workbooks, .xlsx and .xls", extensions: [".xlsx", ".xlsm", ".xls"], options: excelOptions },
  async (path) => {
    const file = await open(path, "r");
    try {
      const head = Buffer.alloc(4);
      await file.read(head, 0, 4, 0);
      return head.toString("latin1", 0, 2) === "PK" ? "xlsx" : "xls";
    } finally {
      await file.close();
    }
  },
);
