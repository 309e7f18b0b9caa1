// What `serve` is asked for.

export interface ServeRequest {
  readonly host: string;
  readonly port: number;
  /** Null: one is made, which is enough on loopback alone. */
  readonly token: string | null;
}
