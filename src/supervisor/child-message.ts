/**
 * Reads what a child sends over its IPC channel. Handlers run in executors and may use
 * `process.send` for their own ends, so nothing that arrives is taken on trust.
 */
import { isErrorCode } from '../protocol/errors.ts';
import type { FromChild } from '../protocol/supervision.ts';

/** Undefined for everything that is not a message of ours. */
export function parseFromChild(value: unknown): FromChild | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, state, code, message, hint } = value as Readonly<Record<string, unknown>>;
  if (kind === 'state' && (state === 'ready' || state === 'standby')) return { kind, state };
  if (kind !== 'fatal' || !isErrorCode(code) || typeof message !== 'string') return undefined;
  return typeof hint === 'string' ? { kind, code, message, hint } : { kind, code, message };
}
