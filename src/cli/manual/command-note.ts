/** What the manual says of a command beyond its summary and its options. */
export interface CommandNote {
  /** Markdown; links are as seen from docs/. */
  readonly text?: string;
  /** What `--json` prints, where it has more than the option itself tells. Markdown. */
  readonly json?: string;
  readonly example?: string;
}

/** By the words of the command: `job add`. */
export type CommandNotes = Readonly<Record<string, CommandNote>>;
