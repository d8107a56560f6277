/**
 * Brings what a handler says about its progress into the shape that travels. Pure.
 */
import type { JobProgress } from '../protocol/jobs.ts';
import { cut } from './job-error.ts';

const MAX_MESSAGE_LENGTH = 1_000;

/** @throws TypeError that says what was expected */
export function toProgress(value: unknown): JobProgress {
  if (typeof value === 'number') return { fraction: toFraction(value) };
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(`progress: expected a number or an object, got ${typeof value}`);
  }
  const { fraction, done, total, message } = value as Record<string, unknown>;
  const counted = { ...count('done', done), ...count('total', total) };
  const share = fraction === undefined ? shareOf(counted) : toFraction(fraction);
  return {
    ...(share === undefined ? {} : { fraction: share }),
    ...counted,
    ...(message === undefined ? {} : { message: cut(String(message), MAX_MESSAGE_LENGTH) }),
  };
}

function toFraction(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new TypeError(`progress: expected a fraction from 0 to 1, got ${String(value)}`);
  }
  // Rounding errors of a handler's own arithmetic (1.0000000002) are not worth a failed job.
  return Math.min(1, Math.max(0, value));
}

function count<K extends string>(key: K, value: unknown): { readonly [P in K]?: number } {
  if (value === undefined) return {};
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) {
    return { [key]: value } as { readonly [P in K]?: number };
  }
  throw new TypeError(
    `progress: expected ${key} to be a number of at least 0, got ${String(value)}`,
  );
}

function shareOf(counted: { readonly done?: number; readonly total?: number }): number | undefined {
  const { done, total } = counted;
  if (done === undefined || total === undefined || total === 0) return undefined;
  return Math.min(1, done / total);
}
