/**
 * What a command's lines of output mean. Pure.
 *
 *   ::progress 0.5 half way          ::progress 3/10 reading          progress
 *   ::event datasetUpdate weather [{"rows":12}]                       an event to publish
 *   anything else                                                     a log line; the last one may be the result
 */

import type { FramedLine } from '../process/line-framer.ts';
import type { JobProgress } from '../protocol/jobs.ts';
import { toProgress } from './progress-value.ts';

export type OutputLine =
  | { readonly kind: 'text' }
  | { readonly kind: 'progress'; readonly value: JobProgress }
  | { readonly kind: 'event'; readonly event: unknown }
  | { readonly kind: 'unusable'; readonly problem: string };

const PROGRESS = /^::progress +(?:(\d+(?:\.\d+)?)\/(\d+(?:\.\d+)?)|(\d*\.?\d+))(?: +(.*))?$/;
const EVENT = /^::event +(\S+) +(\S+)(?: +(.+))?$/;

export function readOutputLine(line: string): OutputLine {
  // Almost every line is plain text: decide that without a regular expression.
  if (!line.startsWith('::')) return { kind: 'text' };
  if (line.startsWith('::progress')) return readProgress(line);
  return line.startsWith('::event') ? readEvent(line) : { kind: 'text' };
}

function readProgress(line: string): OutputLine {
  const match = PROGRESS.exec(line);
  if (match === null) {
    return {
      kind: 'unusable',
      problem: 'expected "::progress 0.5 message" or "::progress 3/10 message"',
    };
  }
  const [, done, total, fraction, message] = match;
  const counted =
    done === undefined
      ? { fraction: Number(fraction) }
      : { done: Number(done), total: Number(total) };
  if (!Object.values(counted).every(Number.isFinite)) {
    // Hundreds of digits come out as Infinity, which `toProgress` would throw at the reader of the output.
    return { kind: 'unusable', problem: 'expected numbers that are not so large' };
  }
  return {
    kind: 'progress',
    value: toProgress({ ...counted, ...(message === undefined ? {} : { message }) }),
  };
}

function readEvent(line: string): OutputLine {
  const problem = 'expected "::event TYPE ID" or "::event TYPE ID [JSON array]"';
  const match = EVENT.exec(line);
  if (match === null) return { kind: 'unusable', problem };
  const [, type, id, text] = match;
  const data = text === undefined ? [] : parseJson(text);
  return data === undefined
    ? { kind: 'unusable', problem }
    : { kind: 'event', event: { type, id, data } };
}

/** The result of a command: its last line, if that is JSON; else null. */
export function readResult(last: FramedLine | null): unknown {
  if (last === null || last.truncated) return null;
  return parseJson(last.text) ?? null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: both callers have an answer for that.
    return undefined;
  }
}
