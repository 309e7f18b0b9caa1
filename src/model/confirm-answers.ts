// What an agent asks a person to confirm, and what becomes of it.

export interface ConfirmationAsked {
  /** The person's command: `millrace confirm ID`. */
  readonly confirmation: string;
  readonly until: string;
}

export interface ConfirmationShown extends ConfirmationAsked {
  /** What would be done, in words. */
  readonly what: readonly string[];
}

export interface ConfirmationGranted extends ConfirmationShown {
  /** Good once, for exactly this. */
  readonly token: string;
}
