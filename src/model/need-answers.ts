// What of a need of `status` a program can follow.

/** Its kind, what it is about, since when, what it holds up (asset or `task:NAME`). */
export interface NeedAbout {
  readonly kind:
    | "failed"
    | "partitions"
    | "job"
    | "unplanned"
    | "stuck"
    | "connection"
    | "approval"
    | "paused"
    | "trigger"
    | "held"
    | "quarantine"
    | "missing";
  readonly asset?: string;
  readonly run?: string;
  readonly task?: string;
  readonly job?: string;
  readonly trigger?: string;
  readonly connection?: string;
  readonly code?: string;
  readonly rule?: string;
  readonly count?: number;
  readonly since?: string;
  readonly lastSucceededAt?: string;
  readonly holdsUp?: readonly string[];
}
