// The graph of assets as the server knows it now: one read, shared by the graph, the catalogue and the pages of assets.
import { useMemo } from "react";
import type { Unsure } from "../../../src/model/graph-answers.ts";
import { type Read, useRead } from "../data/read.ts";
import { type GraphModel, graphModel } from "./model.ts";

export interface GraphRead extends Read<GraphModel> {
  /** Why not all is known yet. */
  readonly partial: Unsure | undefined;
}

export function useGraph(): GraphRead {
  const read = useRead("assets.graph", { soon: true });
  const model = useMemo(() => (read.data === undefined ? undefined : graphModel(read.data)), [read.data]);
  return { ...read, data: model, partial: read.data?.partial };
}
