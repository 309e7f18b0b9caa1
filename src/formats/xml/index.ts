// XML documents: the elements of one way are records; attributes, children and lists become columns.
import { stat } from "node:fs/promises";
import { hashFile, withTempFolder } from "../../platform/files.ts";
import { plainPath } from "../../platform/plain-path.ts";
import type { Format, StagedFile, StageRequest } from "../format.ts";
import { planRecords, staged, stageRecords } from "../json/stage.ts";
import { work } from "../json/work.ts";
import { setAside } from "../tabular/aside.ts";
import { readInThread } from "../tabular/work.ts";
import { xmlOptions } from "./options.ts";

const PEEK_RECORDS_MAX = 1000;

export const xml: Format = {
  name: "xml",
  summary: "XML documents: records by their way from the root, streamed",
  extensions: [".xml"],
  options: xmlOptions,
  stage: (request) => withTempFolder(request.tempDir, (temp) => stageXml(request, temp)),
  peek: ({ path, name, options, tempDir }) =>
    withTempFolder(tempDir, async (temp) => {
      const job = { path, name, options, repair: "note", temp, recordsMax: PEEK_RECORDS_MAX } as const;
      const read = await readInThread("xml", job);
      if (read.invalid !== null || read.records === 0) return [];
      const scan = await work("lines", { path: read.path }, 0);
      return staged(planRecords(scan, { columns: new Map(), otherwise: "infer" }).columns);
    }),
};

async function stageXml(request: StageRequest, temp: string): Promise<StagedFile> {
  const { path, name, options, repair, signal } = request;
  const read = await readInThread("xml", { path, name, options, repair, temp }, signal);
  if (read.invalid !== null) {
    const { invalid = "quarantine" } = xmlOptions.parse(options);
    const { lines } = read;
    return setAside(
      request,
      { format: "xml", is: "no valid XML", rule: "invalidXml", code: "MR3260", invalid, lines: Math.max(1, lines), ...read.invalid },
      temp,
    );
  }
  const { size } = await stat(read.path);
  const scan = await work("lines", { path: read.path }, size, signal);
  const plan = planRecords(scan, request);
  const understood = { format: "xml", encoding: read.encoding };
  const plain = await plainPath(read.path, temp);
  const result = await stageRecords(request, { path: plain, scan, plan, stood: read.origins, isLoaded: false, understood }, temp);
  return {
    ...result,
    lines: null,
    sizeBytes: (await stat(path)).size,
    hash: await hashFile(path),
    understood: { ...result.understood, road: "records written as JSON", doubts: [...read.doubts, ...result.understood.doubts] },
  };
}
