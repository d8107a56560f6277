/** A line of what the checker says: it holds when it has no violation. */
export interface Finding {
  readonly name: string;
  /** What was looked at, in figures. */
  readonly facts: string;
  readonly violations: readonly string[];
}
