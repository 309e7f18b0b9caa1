// A file that the server has written, or a text that the page holds, is kept where the browser's downloads lie.
import { API_ROOT } from "../../../src/model/api-paths.ts";
import type { QueryExportAnswer } from "../../../src/model/query-answers.ts";
import { toast } from "./toast.tsx";

export function saveFile({ export: id, name, rows, bytes }: QueryExportAnswer): void {
  const link = document.createElement("a");
  link.href = `${API_ROOT}/query/exports/${id}`;
  link.download = name;
  link.click();
  const size = bytes < 100_000 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  toast(`${name}: ${rows === null ? "" : `${rows.toLocaleString("en-US")} ${rows === 1 ? "row" : "rows"}, `}${size}`);
}

export function saveText(name: string, text: string): void {
  const link = document.createElement("a");
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
