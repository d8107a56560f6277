/**
 * Whether a user may attach to an object, or to a pattern of objects. Pure: the facts are looked up by the caller.
 *
 * Core and gateways decide by the same rules. Knows neither tokens nor where a fact comes from.
 */
import type { Topic } from '../protocol/events.ts';
import type { AccessAnswer } from '../protocol/status.ts';

/** `any`: nobody is asked; `directory`: users and grants of this daemon; `hook`: a service elsewhere. */
export type AccessMode = 'any' | 'directory' | 'hook';

export interface AccessRules {
  readonly users: AccessMode;
  readonly datasets: AccessMode;
}

export interface AccessFacts {
  /** Who is asked about users knows this one, as active. */
  readonly known: boolean;
  /** Who is asked about objects lets the user see this one. */
  readonly granted: boolean;
  /** The object is the user's own: its notifications, its job. */
  readonly own: boolean;
}

export function decideAccess(rules: AccessRules, facts: AccessFacts): AccessAnswer {
  if (rules.users !== 'any' && !facts.known) return { code: 3 };
  if (rules.datasets !== 'any' && !facts.own && !facts.granted) return { code: 4 };
  return { code: 0 };
}

/** `*`, or a prefix that ends in `.*`: names many objects, and none of them is meant alone. */
export function isPattern(id: string): boolean {
  return id === '*' || id.endsWith('.*');
}

/** The notifications of a user are its own; a user whose name looks like a pattern does not own what that covers. */
export function isOwnTopic(user: string, { type, id }: Topic): boolean {
  return type === 'notification' && id === user && !isPattern(id);
}

/**
 * The ids of all grants that cover an id or a pattern: itself, everything, and each prefix that ends at a dot.
 * A pattern is covered by what covers all of it, so `proj1.a` is not enough for `proj1.*`.
 */
export function coveringIds(id: string): readonly string[] {
  const found = new Set(['*', id]);
  for (let dot = id.indexOf('.'); dot !== -1; dot = id.indexOf('.', dot + 1)) {
    found.add(`${id.slice(0, dot + 1)}*`);
  }
  return [...found];
}
