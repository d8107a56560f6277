/**
 * The shape of a job to add, checked at both ends: by the daemon, and by whoever imports a file of them.
 * Unknown keys are refused: a misspelt option must not be dropped in silence.
 */
import * as v from 'valibot';
import { TaskbellError } from './errors.ts';
import { BACKOFF_KINDS, DEPENDENCY_POLICIES, MAX_DEPENDENCIES, UNIQUE_POLICIES } from './jobs.ts';

/** Names of types, queues and event types. */
export const NAME = v.pipe(
  v.string('expected text'),
  v.regex(/^[A-Za-z0-9_.:-]{1,100}$/, 'expected 1 to 100 of letters, digits, _ . : -'),
);

export const shortText = (max: number) =>
  v.pipe(
    v.string('expected text'),
    v.minLength(1, 'expected text that is not empty'),
    v.maxBytes(max, `expected at most ${max} bytes`),
    // The database gives it back as another text, and a job in a group of this name would not be found again.
    v.check((text) => !/\p{Surrogate}/u.test(text), 'expected text without half a character'),
  );

export const wholeNumber = (min: number, max: number) =>
  v.pipe(
    v.number('expected a number'),
    v.integer('expected a whole number'),
    v.minValue(min, `expected at least ${min}`),
    v.maxValue(max, `expected at most ${max}`),
  );

export const oneOf = (words: readonly string[]) => `expected one of ${words.join(', ')}`;

/** A year: a longer delay is a mistake in the unit. */
const MAX_DELAY_MS = 366 * 86_400_000;
export const MAX_TIMEOUT_MS = 7 * 86_400_000;
const EXPECTED_TIME = 'expected a time such as 2026-11-22T10:00:00Z';

export const ISO_TIME = v.pipe(
  v.string('expected text'),
  v.isoTimestamp(EXPECTED_TIME),
  // An offset of hours alone, +01, is ISO 8601 and yet no time to JavaScript.
  v.check((text) => Number.isFinite(Date.parse(text)), EXPECTED_TIME),
);

const TRACEPARENT = v.pipe(
  v.string('expected text'),
  v.regex(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/, 'expected a W3C traceparent'),
);

export const JOB_REQUEST = v.strictObject({
  type: NAME,
  traceparent: v.optional(TRACEPARENT),
  payload: v.optional(v.unknown()),
  queue: v.optional(NAME),
  priority: v.optional(wholeNumber(-1000, 1000)),
  delayMs: v.optional(wholeNumber(0, MAX_DELAY_MS)),
  runAt: v.optional(ISO_TIME),
  group: v.optional(shortText(256)),
  uniqueKey: v.optional(shortText(256)),
  unique: v.optional(
    v.strictObject({
      key: v.optional(shortText(256)),
      by: v.optional(v.literal('payload', 'expected "payload"')),
      windowMs: v.optional(wholeNumber(1, MAX_DELAY_MS)),
      policy: v.optional(v.picklist(UNIQUE_POLICIES, oneOf(UNIQUE_POLICIES))),
      maxWaitMs: v.optional(wholeNumber(1, MAX_DELAY_MS)),
    }),
  ),
  backoff: v.optional(
    v.strictObject({
      kind: v.optional(v.picklist(BACKOFF_KINDS, oneOf(BACKOFF_KINDS))),
      delayMs: v.optional(wholeNumber(0, MAX_DELAY_MS)),
      limitMs: v.optional(wholeNumber(0, MAX_DELAY_MS)),
    }),
  ),
  ref: v.optional(shortText(256)),
  after: v.optional(
    v.pipe(
      v.array(shortText(256), 'expected an array'),
      v.maxLength(MAX_DEPENDENCIES, `expected at most ${MAX_DEPENDENCIES} entries`),
    ),
  ),
  onDependencyFailure: v.optional(v.picklist(DEPENDENCY_POLICIES, oneOf(DEPENDENCY_POLICIES))),
  durability: v.optional(v.picklist(['disk', 'os'], oneOf(['disk', 'os']))),
  retries: v.optional(wholeNumber(0, 1000)),
  timeoutMs: v.optional(wholeNumber(0, MAX_TIMEOUT_MS)),
  userId: v.optional(shortText(256)),
});

export function check<const S extends v.GenericSchema>(
  schema: S,
  input: unknown,
  what: string,
): v.InferOutput<S> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const problems = result.issues.map((issue) => describe(issue)).join('; ');
  throw new TaskbellError('E_INVALID_REQUEST', `${what}: ${problems}.`, {
    hint: 'docs/protocol.md describes the fields.',
  });
}

function describe(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  const received = issue.received;
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return `unknown field ${path ?? received}`;
  }
  if (issue.message.startsWith('expected')) {
    return `${path ?? 'value'} ${issue.message}, got ${received.slice(0, 100)}`;
  }
  return path === null ? issue.message : `${path}: ${issue.message}`;
}
