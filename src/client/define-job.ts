/**
 * What a handler module exports, as types, and the endings that it may throw.
 *
 * `defineJob` returns its argument: it adds types and nothing else, so a handler works the same
 * without importing anything; its context has the same endings as methods. Imports nothing at run time.
 */
import type { Dependencies } from '../protocol/execute.ts';
import type { BackoffKind, JobProgress } from '../protocol/jobs.ts';
import type { Json } from '../protocol/json.ts';

/** Standard Schema, version 1: what zod, valibot, arktype and others implement. https://standardschema.dev */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Never there at run time; carries the types. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The value that a schema hands on after it checked (and perhaps changed) the payload. */
export type SchemaOutput<Schema extends StandardSchemaV1> = NonNullable<
  Schema['~standard']['types']
>['output'];

/** Milliseconds, or a number with its unit: `500ms`, `30s`, `15m`, `2h`, `1d`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/** Settings of the type. A `[job:NAME]` section in the configuration wins over each of them. */
export interface JobDefinitionSettings {
  readonly queue?: string;
  /** Further attempts after the first one failed. */
  readonly retries?: number;
  /** Time limit of one attempt; 0: none. */
  readonly timeout?: Duration;
  /** Delay before the first retry, which grows from there as `backoffKind` says; or a function that decides. */
  readonly backoff?: Duration | BackoffFunction;
  readonly backoffLimit?: Duration;
  /** `exponential` when omitted. */
  readonly backoffKind?: BackoffKind;
  /** Attempts of this type at once, over all executors. */
  readonly concurrency?: number;
  /** Attempts of this type and of one group at once. */
  readonly groupConcurrency?: number;
}

/**
 * Says how long to wait after a failed attempt, at most a year. Called in the executor.
 * @param failures charged failures so far, this one included: 1 for the first
 * @param error what `run` threw; after a time-out the reason of its signal, named `Timeout`
 */
export type BackoffFunction = (failures: number, error: unknown) => Duration;

/** An event to publish if the attempt succeeds. */
export interface EmittedEvent {
  readonly type: string;
  readonly id: string;
  readonly data?: readonly Json[];
}

export type JobLogLevel = 'info' | 'warn' | 'error';

/** Writes a line into the job's log: `log('half way')`, `log.warn('no header row')`. */
export interface JobLog {
  (line: string, level?: JobLogLevel): void;
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}

/** What `run` gets beside the payload. Its members may be taken apart: `run(payload, { signal, log })`. */
export interface JobContext {
  readonly id: string;
  readonly type: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly queue: string;
  readonly userId: string | null;
  readonly group: string | null;
  readonly createdAt: Date;
  /** How the jobs have ended that this one was added `after`; null where there are none. */
  readonly dependencies: Dependencies | null;
  /** Aborted on cancel, on time-out and when the daemon stops; `reason.name` says which. */
  readonly signal: AbortSignal;
  /** A fraction from 0 to 1, or `{ done, total, message }`. Cheap: only the latest value travels. */
  progress(value: number | JobProgress): void;
  readonly log: JobLog;
  /** @throws TypeError when the event cannot be published. */
  emit(event: EmittedEvent): void;
  /** Ends the attempt as failed; the next one comes after this pause, if the retries allow one. */
  retryAfter(pause: Duration, message?: string): never;
  /** Ends the attempt without charging it; the next one comes after this pause. */
  snooze(pause: Duration): never;
  /** Ends the job as failed, whatever retries are left. */
  fail(message: string): never;
  /** Ends the job as cancelled. */
  cancel(message?: string): never;
}

/** What an error carries under `ENDING` to say what becomes of the attempt that it ends. */
export type StatedEnding =
  | { readonly kind: 'retry'; readonly pause: Duration }
  | { readonly kind: 'snooze'; readonly pause: Duration }
  | { readonly kind: 'fail' }
  | { readonly kind: 'cancel' };

/** Registered by name, so that the mark of one copy of this package is known to another. */
export const ENDING: unique symbol = Symbol.for('taskbell.ending');

/** An error that ends an attempt in the way that it says when `run` throws it. */
export interface JobEnding extends Error {
  readonly [ENDING]: StatedEnding;
}

/** `throw retryAfter('5m')`: as `context.retryAfter`, for code that has no context at hand. */
export function retryAfter(pause: Duration, message = 'the handler asked for a retry'): JobEnding {
  return jobEnding('RetryAfter', message, { kind: 'retry', pause });
}

/** `throw snooze('1h')`: as `context.snooze`. */
export function snooze(pause: Duration): JobEnding {
  return jobEnding('Snoozed', 'the handler asked to be called again later', {
    kind: 'snooze',
    pause,
  });
}

/** `throw fail('no such account')`: as `context.fail`. */
export function fail(message: string): JobEnding {
  return jobEnding('Failed', message, { kind: 'fail' });
}

/** `throw cancel('not needed any more')`: as `context.cancel`. */
export function cancel(message = 'the handler cancelled its job'): JobEnding {
  return jobEnding('Cancelled', message, { kind: 'cancel' });
}

function jobEnding(name: string, message: string, stated: StatedEnding): JobEnding {
  return Object.assign(new Error(message), { name, [ENDING]: stated });
}

export interface JobDefinition<Payload, Result> extends JobDefinitionSettings {
  /** Checked when the job is added and again before each run, which gets the schema's output. */
  readonly input?: StandardSchemaV1<unknown, Payload>;
  /** What it returns is the job's result (JSON, at most 1 MiB). */
  run(payload: Payload, context: JobContext): Result | Promise<Result>;
}

export type JobDefinitionWithSchema<Schema extends StandardSchemaV1, Result> = Omit<
  JobDefinition<SchemaOutput<Schema>, Result>,
  'input'
> & { readonly input: Schema };

export function defineJob<Schema extends StandardSchemaV1, Result>(
  definition: JobDefinitionWithSchema<Schema, Result>,
): JobDefinitionWithSchema<Schema, Result>;
export function defineJob<Payload = Json, Result = unknown>(
  definition: JobDefinition<Payload, Result>,
): JobDefinition<Payload, Result>;
export function defineJob(definition: unknown): unknown {
  return definition;
}
