/**
 * What an executor tells of an attempt, its end and its lines, as it can be kept. Pure.
 *
 * An executor may be anybody's program: a result that no other job could be handed is its attempt's own error,
 * and of an error only what an error has is kept. Left alone it would be refused with all the outcomes beside
 * it, and told again for ever.
 */
import type { EventRequest } from '../protocol/events.ts';
import type { Outcome } from '../protocol/execute.ts';
import { type JobError, MAX_PAYLOAD_BYTES } from '../protocol/jobs.ts';
import { type AttemptEnd, endOf, type NewLogLine } from '../queue/job.ts';
import { renderBounded } from './bounded-json.ts';

/** Characters; twice what our own executors tell. */
const MAX_NAME_LENGTH = 400;
const MAX_MESSAGE_LENGTH = 16 * 1024;
const MAX_STACK_LENGTH = 32 * 1024;
const MAX_LINE_LENGTH = 16 * 1024;

export function keptLineOf(told: NewLogLine): NewLogLine {
  const { line } = told;
  const kept = line.length <= MAX_LINE_LENGTH ? line : `${line.slice(0, MAX_LINE_LENGTH - 1)}…`;
  return { ...told, at: Math.round(told.at), line: kept };
}

export function keptEndOf(told: Outcome): AttemptEnd {
  const { error } = told;
  const outcome = error === undefined ? told : { ...told, error: keptErrorOf(error) };
  const end = endWithin(outcome);
  if (end === undefined) {
    const message = `The result is nested too deeply, or has more than ${MAX_PAYLOAD_BYTES} bytes.`;
    return failed(endOf({ ...outcome, result: null }), { name: 'ResultError', message });
  }
  const message = excessOf(end.events);
  return message === undefined ? end : failed(end, { name: 'EventError', message });
}

/** It did not succeed after all, and would not the next time. */
export function failed(end: AttemptEnd, error: JobError): AttemptEnd {
  return { ...end, outcome: 'error', retryable: false, result: null, error, events: [] };
}

/** Nothing was looked at yet but the name and the message. */
function keptErrorOf({ name, message, stack }: JobError): JobError {
  return {
    name: name.slice(0, MAX_NAME_LENGTH),
    message: message.slice(0, MAX_MESSAGE_LENGTH),
    ...(typeof stack === 'string' ? { stack: stack.slice(0, MAX_STACK_LENGTH) } : {}),
  };
}

function endWithin(outcome: Outcome): AttemptEnd | undefined {
  try {
    const end = endOf(outcome);
    // No text has fewer bytes than this; only one that may have too many is measured.
    if ((end.result?.length ?? 0) <= MAX_PAYLOAD_BYTES / 3) return end;
    return Buffer.byteLength(end.result ?? '') > MAX_PAYLOAD_BYTES ? undefined : end;
  } catch {
    // JSON.parse takes any depth, JSON.stringify ends where the stack does.
    return undefined;
  }
}

function excessOf(events: readonly EventRequest[]): string | undefined {
  try {
    for (const { type, data } of events) renderBounded(data, `The data of a ${type} event`);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
