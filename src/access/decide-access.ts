/** Whether a user may attach to an object. Pure: the facts are looked up by the caller. */
import type { AccessAnswer } from '../protocol/status.ts';

export interface AccessRules {
  readonly users: 'any' | 'directory';
  readonly datasets: 'any' | 'directory';
}

export interface AccessFacts {
  /** The directory knows the user, as active. */
  readonly known: boolean;
  readonly granted: boolean;
  /** The object is the user's own: its notifications, its job. */
  readonly own: boolean;
}

export function decideAccess(rules: AccessRules, facts: AccessFacts): AccessAnswer {
  if (rules.users === 'directory' && !facts.known) return { code: 3 };
  if (rules.datasets === 'directory' && !facts.own && !facts.granted) return { code: 4 };
  return { code: 0 };
}
