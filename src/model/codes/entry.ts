// The shape of one entry in the table of error codes.
export interface CodeEntry {
  readonly title: string;
  readonly why: string;
  readonly fix: string;
}
