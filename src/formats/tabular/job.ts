// What a reader of ours is asked for: it runs in a thread, so all of this can be cloned.

export interface ReadJob {
  /** The bytes. */
  readonly path: string;
  /** As the user calls the file. */
  readonly name: string;
  /** As the format's schema gave them back. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly repair: "note" | "quarantine";
  /** A folder that lives until the result has been used. */
  readonly temp: string;
  /** Only the beginning is wanted, for a guess: so many records. */
  readonly recordsMax?: number;
}
