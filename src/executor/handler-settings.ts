/**
 * Reads the settings that a handler module states about its type. Pure; a backoff that is a function
 * stays in the executor and is no setting.
 */
import type { Reading } from '../config/reading.ts';
import { readDuration } from '../config/values.ts';
import type { TypeSettings } from '../protocol/execute.ts';
import { BACKOFF_KINDS, type BackoffKind } from '../protocol/jobs.ts';

/** @throws Error that names the first setting that cannot be used */
export function readTypeSettings(stated: Readonly<Record<string, unknown>>): TypeSettings {
  const backoff = typeof stated.backoff === 'function' ? undefined : stated.backoff;
  return {
    ...present('queue', readQueue(stated.queue)),
    ...present('retries', readInteger('retries', stated.retries, 0)),
    ...present('concurrency', readInteger('concurrency', stated.concurrency, 1)),
    ...present('timeoutMs', readDurationMs('timeout', stated.timeout)),
    ...present('backoffMs', readDurationMs('backoff', backoff)),
    ...present('backoffLimitMs', readDurationMs('backoffLimit', stated.backoffLimit)),
    ...present('backoffKind', readBackoffKind(stated.backoffKind)),
    ...present('groupConcurrency', readInteger('groupConcurrency', stated.groupConcurrency, 1)),
  };
}

function present<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}

// The names that the control API takes: a queue of another name could not be paused.
const QUEUE_NAME = /^[A-Za-z0-9_.:-]{1,100}$/;

function readQueue(value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && QUEUE_NAME.test(value))) return value;
  const got = JSON.stringify(value);
  throw new Error(`queue: expected 1 to 100 of letters, digits, _ . : -, got ${got}`);
}

function readInteger(key: string, value: unknown, min: number): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && (value as number) >= min) return value as number;
  throw new Error(`${key}: expected a whole number of at least ${min}, got ${String(value)}`);
}

function readBackoffKind(value: unknown): BackoffKind | undefined {
  const kind = BACKOFF_KINDS.find((known) => known === value);
  if (value === undefined || kind !== undefined) return kind;
  const kinds = BACKOFF_KINDS.join(', ');
  throw new Error(`backoffKind: expected one of ${kinds}, got ${JSON.stringify(value)}`);
}

function readDurationMs(key: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const reading = readStatedDuration(value);
  if (reading.ok) return reading.value;
  throw new Error(`${key}: expected ${reading.expected}, got ${JSON.stringify(value)}`);
}

/** Milliseconds as a number, or text with a unit. */
export function readStatedDuration(value: unknown): Reading<number> {
  return readDuration(typeof value === 'number' ? String(value) : asText(value));
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
