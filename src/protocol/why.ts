/** What `job why` answers: what a job is waiting for, each reason as a code, a sentence and facts. */
import type { JobState } from './jobs.ts';
import type { Json } from './json.ts';

export const WHY_CODES = [
  'finished',
  'running',
  'cancelling',
  'dependencies',
  'delayed',
  'retrying',
  'queue-paused',
  'type-degraded',
  'concurrency',
  'rate',
  'no-executor',
  'no-handler',
  'handler-problem',
  'queue-not-served',
  'executors-quiet',
  'slots-busy',
  'runs-alone',
  'beside-suspect',
  'turns',
  'behind',
  'next',
] as const;
export type WhyCode = (typeof WHY_CODES)[number];

export interface WhyReason {
  readonly code: WhyCode;
  /** For people, in English; may change. */
  readonly text: string;
  /** What the sentence says, for programs; docs/protocol.md lists the keys of each code. */
  readonly facts: Readonly<Record<string, Json>>;
}

/** `GET /v1/jobs/ID/why`. */
export interface WhyView {
  readonly id: string;
  readonly type: string;
  readonly queue: string;
  readonly state: JobState;
  /** At least one; `next` alone where nothing holds it. */
  readonly reasons: readonly WhyReason[];
}
