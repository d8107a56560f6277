/** What `doctor` says of one thing that it has looked at. Pure. */
import { type ErrorCode, exitCodeOf } from '../../protocol/errors.ts';

export type Level = 'ok' | 'warn' | 'fail';

export interface Finding {
  readonly name: string;
  readonly level: Level;
  readonly text: string;
  /** What to do about it; null where nothing is to be done. */
  readonly remedy: string | null;
  /** Of a failure: what kind it is, which decides the exit code. */
  readonly code: ErrorCode | null;
}

export function ok(name: string, text: string): Finding {
  return { name, level: 'ok', text, remedy: null, code: null };
}

export function warn(name: string, text: string, remedy: string): Finding {
  return { name, level: 'warn', text, remedy, code: null };
}

export function fail(name: string, what: Omit<Finding, 'name' | 'level'>): Finding {
  return { name, level: 'fail', ...what };
}

/** 0 without a failure; else of the first one: they stand in the order in which they are to be mended. */
export function exitCodeFor(findings: readonly Finding[]): number {
  const first = findings.find(({ level }) => level === 'fail');
  return first === undefined ? 0 : exitCodeOf(first.code ?? 'E_INTERNAL');
}
