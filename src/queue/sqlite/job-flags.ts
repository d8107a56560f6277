/** The bits of the columns `flags`: facts that most jobs do not have, at the price of one column. */
export const FLAG = {
  /** Acknowledged before it is on disk. */
  os: 1,
  hasDependencies: 2,
  /** Others depend on it: its end is told to them. */
  hasDependents: 4,
  /** A row of unique_followers waits for its end. */
  hasFollower: 8,
  /** Added for later: its first attempt did not wait since then. */
  putOff: 16,
} as const;

export function hasFlag(flags: number, flag: keyof typeof FLAG): boolean {
  return (flags & FLAG[flag]) !== 0;
}
