/**
 * Builds the arguments of one report, `Task Finish` or `Task Failed`.
 *
 * Pure. Key order and bytes are fixed: deployed receivers read them (docs/protocol.md, Reports).
 * Additional keys come after the fixed ones and nowhere else.
 */
import type { WebSocketSettings } from '../config/settings.ts';
import type { EndedJob } from './report-source.ts';

export type TaskMessageSettings = Pick<
  WebSocketSettings,
  'defaultUserId' | 'stackTrace' | 'userArgument'
>;

export interface TaskUser {
  readonly userId: string | null;
}

interface TaskPayload {
  readonly completedAt: string;
  readonly taskType: string;
  /** Milliseconds. */
  readonly duration: number;
  readonly status: 'success' | 'failed';
  readonly error?: string;
  readonly stackTrace?: string;
  readonly jobId: string;
  readonly eventId: string;
  readonly attempts: number;
}

export interface TaskMessage {
  readonly success: boolean;
  readonly message: 'Task Finish' | 'Task Failed';
  readonly payload: TaskPayload;
  /** Only with `userArgument = merged`. */
  readonly userId?: string | null;
}

export type TaskArguments = readonly [TaskMessage, TaskUser] | readonly [TaskMessage];

/**
 * A Socket.IO server drops the connection over a message above its `maxHttpBufferSize` (1 MB by
 * default), and a report that can never arrive would hold up all that follow. A character is at
 * most 6 bytes in JSON, so the two texts together stay below 250 KB.
 */
export const MAX_ERROR_CHARS = 8_192;
export const MAX_STACK_CHARS = 32_768;

export function taskArguments(end: EndedJob, settings: TaskMessageSettings): TaskArguments {
  const user: TaskUser = { userId: end.userId ?? settings.defaultUserId };
  const message = taskMessage(end, settings.stackTrace);
  return settings.userArgument === 'merged' ? [{ ...message, ...user }] : [message, user];
}

function taskMessage(end: EndedJob, stackTrace: boolean): TaskMessage {
  const payload = {
    completedAt: new Date(end.completedAt).toISOString(),
    taskType: end.type,
    duration: toMicroseconds(end.durationMs),
  };
  const additional = { jobId: end.jobId, eventId: end.eventId, attempts: end.attempts };
  if (end.success) {
    return {
      success: true,
      message: 'Task Finish',
      payload: { ...payload, status: 'success', ...additional },
    };
  }
  return {
    success: false,
    message: 'Task Failed',
    payload: { ...payload, status: 'failed', ...errorKeys(end.error, stackTrace), ...additional },
  };
}

function errorKeys(error: EndedJob['error'], stackTrace: boolean) {
  const message = error?.message ?? 'no error was recorded';
  const text = cut(message, MAX_ERROR_CHARS);
  if (!stackTrace) return { error: text };
  // The fixed shape has the key, so an error without a stack sends the line that a stack begins with.
  return { error: text, stackTrace: cut(error?.stack ?? `Error: ${message}`, MAX_STACK_CHARS) };
}

function cut(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars)}… (cut)`;
}

/** Differences of a floating-point clock carry noise below its resolution: 87.10000000149012. */
function toMicroseconds(durationMs: number): number {
  return Math.round(durationMs * 1_000) / 1_000;
}
