/**
 * What a handler module exports, as types.
 *
 * `defineJob` returns its argument: it adds types and nothing else, so a handler works the same
 * without importing anything. Nothing here runs when a job runs.
 */
import type { JobProgress } from '../protocol/jobs.ts';
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
  /** Delay before the first retry; it doubles from there. */
  readonly backoff?: Duration;
  readonly backoffLimit?: Duration;
  /** Attempts of this type at once, over all executors. */
  readonly concurrency?: number;
}

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
  readonly createdAt: Date;
  /** Aborted on cancel, on time-out and when the daemon stops; `reason.name` says which. */
  readonly signal: AbortSignal;
  /** A fraction from 0 to 1, or `{ done, total, message }`. Cheap: only the latest value travels. */
  progress(value: number | JobProgress): void;
  readonly log: JobLog;
  /** @throws TypeError when the event cannot be published. */
  emit(event: EmittedEvent): void;
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
