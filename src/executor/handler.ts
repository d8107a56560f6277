/**
 * What every kind of handler is to the attempt that runs it, and the ways in which a run ends.
 */
import type { Assignment, ProcessIdentity, TypeManifest } from '../protocol/execute.ts';
import type { JobError, JobLogLine, JobProgress } from '../protocol/jobs.ts';
import type { Json } from '../protocol/json.ts';

/** Why an attempt is told to end early. `forgotten`: the core no longer wants it. */
export type StopKind = 'cancelled' | 'timeout' | 'interrupted' | 'forgotten';

const STOP_NAMES: Readonly<Record<StopKind, string>> = {
  cancelled: 'Cancelled',
  timeout: 'Timeout',
  interrupted: 'Shutdown',
  forgotten: 'Forgotten',
};

/** The reason of an attempt's abort signal. */
export class StopReason extends Error {
  readonly kind: StopKind;
  /** How long the attempt may take to end by itself from now on. */
  readonly graceMs: number;

  constructor(kind: StopKind, message: string, graceMs: number) {
    super(message);
    this.name = STOP_NAMES[kind];
    this.kind = kind;
    this.graceMs = graceMs;
  }
}

/** What a run tells about itself while it lasts. After its end all of it is ignored. */
export interface RunSink {
  progress(value: JobProgress): void;
  log(level: JobLogLine['level'], text: string): void;
  /** @throws TypeError when the event cannot be published. */
  emit(event: unknown): void;
  spawned(group: ProcessIdentity): void;
}

export interface Run {
  readonly assignment: Assignment;
  /** Its reason is a `StopReason`. */
  readonly signal: AbortSignal;
  readonly sink: RunSink;
}

/** What a process of its own used; absent where the system does not tell. */
export interface Usage {
  readonly cpuMs: number;
  /** Left out when no sample met the process while it still had memory. */
  readonly peakBytes?: number;
}

interface EndingFacts {
  readonly usage?: Usage | undefined;
  readonly exitCode?: number | undefined;
  /** The pause before the next attempt if this one failed or timed out; left out: the policy decides. */
  readonly retryAfterMs?: number | undefined;
}

export type Ending = EndingFacts &
  (
    | { readonly kind: 'succeeded'; readonly result: unknown }
    | { readonly kind: 'failed'; readonly error: JobError; readonly retryable: boolean }
    /** The payload did not pass the schema. */
    | { readonly kind: 'rejected'; readonly problem: string }
    /** The handler wants to be called again later, uncharged. */
    | { readonly kind: 'snoozed'; readonly pauseMs: number }
    /** The handler gave its job up. */
    | { readonly kind: 'cancelled'; readonly error: JobError }
    /** Ended because it was told to, without a word of its own. */
    | { readonly kind: 'stopped' }
    /** Its own process died under it. */
    | { readonly kind: 'crashed'; readonly error: JobError }
  );

export interface Handler {
  readonly manifest: TypeManifest;
  /** Its runs have processes of their own and end for sure when they are told to. Commands do anyway. */
  readonly contained?: boolean;
  /** What is wrong with the payload; null when nothing is. */
  validate(payload: Json): Promise<string | null>;
  /** Never rejects. Without a promise where there is nothing to wait for. */
  run(run: Run): Ending | Promise<Ending>;
}
