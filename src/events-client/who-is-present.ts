/** Who is attached to one object, as the gateway tells it: the state once, and then what changes. */

/** Of more than 1,000 users some are not named; `count` counts all. */
export interface Presence {
  readonly users: ReadonlySet<string>;
  readonly count: number;
}

/** What the gateway says: a state names `users` and their `count`, a change who came and who went. */
export interface PresenceNews {
  readonly users?: readonly string[];
  readonly count?: number;
  readonly join?: readonly string[];
  readonly leave?: readonly string[];
}

/** @returns undefined for a change of what is not known */
export function nextPresence(
  former: Presence | undefined,
  { users, count, join = [], leave = [] }: PresenceNews,
): Presence | undefined {
  if (users !== undefined) return { users: new Set(users), count: count ?? users.length };
  if (former === undefined) return undefined;
  const here = new Set([...former.users, ...join]);
  for (const user of leave) here.delete(user);
  // A change of the very moment may be in the state already: who is named is counted once.
  const isWhole = former.count === former.users.size;
  return { users: here, count: isWhole ? here.size : former.count + join.length - leave.length };
}
