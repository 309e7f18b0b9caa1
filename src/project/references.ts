// Names of assets and tasks that definitions mention beside their SQL must be there. (Tables in SQL are found by the compiler of SQL.)
import { normalize } from "node:path/posix";
import type { CheckFile, ExportNode, ProjectNode } from "../model/graph.ts";
import { type ProjectTest, type Reader, tell } from "./reader.ts";
import { testId } from "./tests.ts";
import type { Path } from "./document.ts";
import { hintFor } from "./validate.ts";

/** Tells every mention of something that no file defines; definitions that are themselves wrong count as being there. */
export function checkReferences(
  reader: Reader,
  nodes: readonly ProjectNode[],
  checkFiles: readonly CheckFile[],
  tests: readonly ProjectTest[],
): void {
  const ids = [...reader.documents.keys()].filter((id) => !/^(job|test|check|project)(:|$)/.test(id));
  const mention = (id: string, name: string, path: Path, what?: "key"): void => {
    if (ids.includes(name)) return;
    const document = reader.documents.get(id)!;
    const isTask = name.startsWith("task:");
    const plain = isTask ? name.slice("task:".length) : name;
    const known = ids
      .filter((other) => other.startsWith("task:") === isTask)
      .map((other) => (isTask ? other.slice("task:".length) : other));
    const hint = hintFor(plain, known, isTask ? "tasks" : "assets");
    tell(
      reader,
      "MR1044",
      `there is no ${isTask ? "task" : "asset"} ${JSON.stringify(plain)} in the project`,
      document.locate(path, what),
      hint,
    );
  };
  for (const node of nodes) {
    for (const need of Object.keys(node.mappings ?? {})) if (node.kind !== "transform") mention(node.id, need, ["needs", need]);
    switch (node.kind) {
      case "export":
        if (node.spec.select !== undefined) mention(node.id, node.spec.select, ["select"]);
        break;
      case "transform":
        for (const [index, need] of node.needs.entries()) mention(node.id, need, ["needs", index]);
        break;
      case "task":
        for (const [index, need] of node.after.entries()) mention(node.id, need, ["after", index]);
        for (const [index, later] of (node.before ?? []).entries()) mention(node.id, later, ["before", index]);
        break;
      case "source":
      case "extract":
      case "model":
        break;
      default:
        node satisfies never;
    }
  }
  refuseSharedFiles(
    reader,
    nodes.filter((node) => node.kind === "export"),
  );
  for (const check of checkFiles) mention(`check:${check.name.normalize("NFC").toLowerCase()}`, check.on, ["on"]);
  for (const test of tests) {
    const id = testId(test.name);
    mention(id, test.spec.model, ["model"]);
    for (const asset of Object.keys(test.spec.given ?? {})) mention(id, asset, ["given", asset], "key");
  }
}

/** Two exports may append to one file; what one of them replaces, the other would lose. */
function refuseSharedFiles(reader: Reader, exports: readonly ExportNode[]): void {
  const writers = new Map<string, ExportNode>();
  for (const node of exports) {
    const path = node.connector === "files" ? (node.options as { readonly path?: unknown }).path : undefined;
    if (typeof path !== "string") continue;
    const file = normalize(path);
    const first = writers.get(file);
    if (first === undefined) writers.set(file, node);
    else if (first.spec.load === "replace" || node.spec.load === "replace") {
      const place = reader.documents.get(node.id)!.locate(["to", "files", "path"], "value");
      tell(reader, "MR1047", `${node.id} and ${first.id} both write ${file}`, place, `${first.id} stands in ${first.file}`);
    }
  }
}
