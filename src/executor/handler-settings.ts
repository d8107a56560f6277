/**
 * Reads the settings that a handler module states about its type. Pure.
 */
import { readDuration } from '../config/values.ts';
import type { TypeSettings } from '../protocol/execute.ts';

/** @throws Error that names the first setting that cannot be used */
export function readTypeSettings(stated: Readonly<Record<string, unknown>>): TypeSettings {
  return {
    ...present('queue', readQueue(stated.queue)),
    ...present('retries', readInteger('retries', stated.retries, 0)),
    ...present('concurrency', readInteger('concurrency', stated.concurrency, 1)),
    ...present('timeoutMs', readDurationMs('timeout', stated.timeout)),
    ...present('backoffMs', readDurationMs('backoff', stated.backoff)),
    ...present('backoffLimitMs', readDurationMs('backoffLimit', stated.backoffLimit)),
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

function readDurationMs(key: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const reading = readDuration(typeof value === 'number' ? String(value) : asText(value));
  if (reading.ok) return reading.value;
  throw new Error(`${key}: expected ${reading.expected}, got ${JSON.stringify(value)}`);
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
