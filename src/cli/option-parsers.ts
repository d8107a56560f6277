/** Text of an argument to its value. Pure; what cannot be read is an InvalidArgumentError of commander. */
import { InvalidArgumentError } from 'commander';
import { readDuration } from '../config/values.ts';
import { JOB_STATES, type JobState } from '../protocol/jobs.ts';

/** Milliseconds. */
export function parseDuration(text: string): number {
  const reading = readDuration(text);
  if (reading.ok) return reading.value;
  throw new InvalidArgumentError(`Expected ${reading.expected}.`);
}

export function parseInteger(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^-?\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };
}

/** ISO 8601 with a zone, as the daemon wants it. */
export function parseTime(text: string): string {
  const hasZone = /T.*(Z|[+-]\d\d:?\d\d)$/i.test(text);
  const time = hasZone ? new Date(text) : new Date(Number.NaN);
  if (!Number.isNaN(time.getTime())) return time.toISOString();
  throw new InvalidArgumentError(
    'Expected a time with its zone, such as 2026-11-22T10:00:00+01:00.',
  );
}

/** `issueUpdate/42`; an id may hold further slashes. */
export function parseTopic(text: string): { readonly type: string; readonly id: string } {
  const end = text.indexOf('/');
  const [type, id] = [text.slice(0, Math.max(end, 0)), text.slice(end + 1)];
  if (type !== '' && id !== '') return { type, id };
  throw new InvalidArgumentError('Expected a type and an id, such as issueUpdate/42.');
}

export function parseState(text: string): JobState {
  const state = JOB_STATES.find((name) => name === text);
  if (state !== undefined) return state;
  throw new InvalidArgumentError(`Expected one of ${JOB_STATES.join(', ')}.`);
}

/** The given options without those that are undefined, so that they may be passed on as they are. */
export function onlyGiven<T extends object>(
  options: T,
): { [K in keyof T]: Exclude<T[K], undefined> } {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [K in keyof T]: Exclude<T[K], undefined> };
}
