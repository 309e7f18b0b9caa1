// How good the data is, and single partitions.
import { z } from "zod";
import { read } from "../route.ts";
import { asset } from "./fields.ts";

export const qualityRoutes = [
  read({
    id: "quality.show",
    summary: "Every check with its past, the score of each day, and what has no check",
    scope: "read",
    input: z.object({}),
    run: (app) => app.quality(),
  }),
  read({
    id: "partitions.show",
    summary: "One partition: how it stands and why, what made it, what asked for it last",
    scope: "read",
    input: z.object({ asset, partition: z.string().min(1).describe("its key: 2026-11-01, 2026-11-01|north") }),
    run: (app, input) => app.partitionShow(input),
  }),
] as const;
