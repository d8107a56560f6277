/** What an executor and the process of one isolated attempt say to each other over Node's IPC channel. */
import type { Assignment } from '../protocol/execute.ts';
import type { JobError, JobLogLine, JobProgress } from '../protocol/jobs.ts';
import type { Ending, StopKind } from './handler.ts';
import type { BackoffSection } from './module-handler.ts';

export type ToIsolated =
  | {
      readonly kind: 'start';
      /** Repeated in every answer: a handler may use `process.send` for its own ends. */
      readonly key: string;
      /** The module. */
      readonly file: string;
      readonly section: BackoffSection | null;
      readonly assignment: Assignment;
      /** Names of the events that may be emitted. */
      readonly eventTypes: readonly string[];
    }
  | {
      readonly kind: 'stop';
      readonly stop: StopKind;
      readonly message: string;
      readonly graceMs: number;
    }
  /** The end was heard: the process may go. */
  | { readonly kind: 'bye' };

export type FromIsolated = { readonly key: string } & (
  | { readonly kind: 'progress'; readonly value: JobProgress }
  | { readonly kind: 'log'; readonly level: JobLogLine['level']; readonly text: string }
  | { readonly kind: 'emit'; readonly event: unknown }
  /** `result` is JSON text, of a success alone. */
  | { readonly kind: 'ended'; readonly ending: Ending; readonly result: string | null }
  /** Nobody caught this error, and the process ends for it. */
  | { readonly kind: 'fault'; readonly error: JobError }
);

/** Undefined for everything that does not carry the key. */
export function parseFromIsolated(value: unknown, key: string): FromIsolated | undefined {
  const isOurs = typeof value === 'object' && value !== null && 'key' in value && value.key === key;
  return isOurs ? (value as FromIsolated) : undefined;
}
