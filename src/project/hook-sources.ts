// The assets that keep the bodies of webhooks (`keepBody:`): sources over the files that `serve` writes, one per delivery, each loaded once.
import type { JobSpec } from "../model/definitions/job.ts";
import { triggersOf } from "../model/triggers.ts";
import { hookAsset, hookFolder } from "../model/webhook.ts";
import type { Document } from "./document.ts";

/** What a kept delivery is as a row. The body stays as it came: its form may change from one delivery to the next. */
const COLUMNS = {
  delivery: { type: "text", description: "the id that its sender gave" },
  received_at: { type: "timestamp" },
  headers: { type: "text", description: "as JSON; none that carries a secret" },
  body: { type: "text", description: "as it was received" },
} as const;

/** Definitions of sources, as if they stood in sources/. */
export function hookSources(job: { readonly name: string; readonly spec: JobSpec; readonly document: Document }): readonly Document[] {
  return triggersOf(job.spec.triggers).flatMap(({ key, index, spec }) => {
    const asset = hookAsset(job.name, key, spec.webhook?.keepBody);
    if (asset === null) return [];
    const { file, text } = job.document;
    const value = {
      name: asset,
      description: `Deliveries of ${spec.webhook!.path}`,
      from: { files: { path: `${hookFolder(asset)}/*/*.json`, format: "json", optional: true } },
      load: "append",
      columns: COLUMNS,
    };
    return [{ file, text, value, locate: (_path, what) => job.document.locate(["triggers", index, "webhook", "keepBody"], what) }];
  });
}
