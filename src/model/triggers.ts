// The triggers of a job by their keys: `name:`, else the kind, with a number from the second of a kind on (`schedule`, `schedule.2`).
import { triggerKinds, type TriggerSpec } from "./definitions/trigger.ts";
import type { TriggerKey, TriggerKind } from "./job-events.ts";

export interface JobTrigger {
  readonly key: TriggerKey;
  readonly kind: TriggerKind;
  /** Its place in the list of the definition. */
  readonly index: number;
  readonly spec: TriggerSpec;
}

/** In the order of the definition; those without exactly one kind are left out (the project tells them). */
export function triggersOf(specs: readonly TriggerSpec[] | undefined): readonly JobTrigger[] {
  const counts = new Map<TriggerKind, number>();
  return (specs ?? []).flatMap((spec, index) => {
    const kind = kindOf(spec);
    if (kind === undefined) return [];
    const name = (spec[kind] as { readonly name?: string }).name;
    const count = (counts.get(kind) ?? 0) + 1;
    if (name === undefined) counts.set(kind, count);
    return [{ key: name ?? (count === 1 ? kind : `${kind}.${count}`), kind, index, spec }];
  });
}

export function kindsOf(spec: TriggerSpec): readonly TriggerKind[] {
  return (Object.keys(triggerKinds) as TriggerKind[]).filter((kind) => spec[kind] !== undefined);
}

function kindOf(spec: TriggerSpec): TriggerKind | undefined {
  const kinds = kindsOf(spec);
  return kinds.length === 1 ? kinds[0] : undefined;
}
