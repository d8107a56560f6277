/**
 * Reads what an executor says. Pure. An executor may be anybody's program, so its messages are looked
 * at before they are believed: one that is malformed must not bring down the core, which would come
 * back, be told the same again, and never get further.
 */
import { type ExecutorMessage, MAX_RETRY_AFTER_MS } from '../protocol/execute.ts';
import { BACKOFF_KINDS } from '../protocol/jobs.ts';

type Loose = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const OUTCOMES = new Set<unknown>([
  'succeeded',
  'snoozed',
  'error',
  'timeout',
  'cancelled',
  'rejected',
  'interrupted',
  'crash',
]);
/** What `[worker] concurrency` may be, too: each slot is a job that a claim reads. */
const MAX_SLOTS = 10_000;
const MAX_NAME_LENGTH = 256;
/** As far as a JavaScript date goes, in either direction. */
const MAX_DATE_MS = 8.64e15;

const LEVELS = new Set<unknown>(['info', 'warn', 'error', 'stderr']);

const SHAPES: Readonly<Record<string, (message: Loose) => boolean>> = {
  hello: ({ executor, process, supervisorPid, slots, queues, types, holding, ...more }) =>
    isName(executor) &&
    isOptionally(more.only, isText) &&
    isOptionally(more.startedAt, isMoment) &&
    [more.attempts, more.predecessor].every((one) => isOptionally(one, Number.isSafeInteger)) &&
    (process === null || isProcess(process)) &&
    (supervisorPid === null || Number.isSafeInteger(supervisorPid)) &&
    isCount(slots) &&
    slots <= MAX_SLOTS &&
    isListOf(queues, isText) &&
    isListOf(types, isManifest) &&
    isListOf(holding, isFence),
  ended: ({ outcomes }) => isListOf(outcomes, isOutcome),
  progress: ({ progress }) => isListOf(progress, (one) => isFence(one) && isObject(one.value)),
  log: ({ lines }) => isListOf(lines, isLine),
  spawned: (message) => isFence(message) && isProcess(message.group),
  validated: ({ rid, problem }) =>
    Number.isSafeInteger(rid) && (problem === null || isText(problem)),
  stuck: ({ fences }) => isListOf(fences, isStuck),
  kept: ({ problem }) => isText(problem),
  blocked: ({ executor, blockedMs, stack, fence }) =>
    isText(executor) &&
    Number.isFinite(blockedMs) &&
    isText(stack) &&
    (fence === null || isFence(fence)),
};

/** @returns undefined for what is malformed. A kind that we do not know comes out as it is. */
export function parseExecutorMessage(text: string): ExecutorMessage | undefined {
  const message = parseObject(text);
  if (message === undefined || !isText(message.kind)) return undefined;
  const fits = Object.hasOwn(SHAPES, message.kind) ? SHAPES[message.kind] : undefined;
  if (fits !== undefined && !fits(message)) return undefined;
  return message as unknown as ExecutorMessage;
}

function parseObject(text: string): Loose | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    // The connection is closed for it; the executor comes back and says what it holds.
    return undefined;
  }
}

function isOutcome(value: unknown): boolean {
  if (!isFence(value)) return false;
  const { outcome, durationMs, events, error } = value;
  return (
    OUTCOMES.has(outcome) &&
    Number.isFinite(durationMs) &&
    isPause(value) &&
    (events === undefined || isListOf(events, isObject)) &&
    (error === undefined || (isObject(error) && isText(error.name) && isText(error.message)))
  );
}

function isLine(value: unknown): boolean {
  return isFence(value) && LEVELS.has(value.level) && isText(value.line) && isMoment(value.at);
}

function isStuck(value: unknown): boolean {
  return isFence(value) && (value.outcome === 'timeout' || value.outcome === 'cancelled');
}

function isManifest(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { name, schema, settings, problem } = value;
  const isWhole = isName(name) && typeof schema === 'boolean' && areSettings(settings);
  return isWhole && (problem === undefined || isText(problem));
}

/** What is put off for no number of milliseconds would never be due, and hold up what is. */
function isPause({ outcome, retryAfterMs }: Loose): boolean {
  if (retryAfterMs === undefined) return outcome !== 'snoozed';
  return isAmount(retryAfterMs) && retryAfterMs <= MAX_RETRY_AFTER_MS;
}

const AMOUNTS = ['retries', 'timeoutMs', 'backoffMs', 'backoffLimitMs'];
const BOUNDS = ['concurrency', 'groupConcurrency'];
const KINDS = new Set<unknown>([undefined, ...BACKOFF_KINDS]);

/** Whole, because half a slot is none: a bound of 1.5 would keep every job of its type from being claimed. */
function areSettings(value: unknown): boolean {
  if (!isObject(value)) return false;
  return (
    (value.queue === undefined || isText(value.queue)) &&
    KINDS.has(value.backoffKind) &&
    AMOUNTS.every((key) => isOptionally(value[key], isCount)) &&
    BOUNDS.every((key) => isOptionally(value[key], (bound) => isCount(bound) && bound > 0))
  );
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** A signal to 0, 1 or a negative number would reach more than the one process or group that is meant. */
function isProcess(value: unknown): boolean {
  if (!isObject(value)) return false;
  return Number.isSafeInteger(value.pid) && (value.pid as number) > 1 && isText(value.startTime);
}

function isFence(value: unknown): value is Loose {
  return isObject(value) && isText(value.id) && Number.isSafeInteger(value.attempt);
}

function isOptionally(value: unknown, fits: Check): boolean {
  return value === undefined || fits(value);
}

function isListOf(value: unknown, fits: Check): boolean {
  return Array.isArray(value) && value.every(fits);
}

function isObject(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** It is kept in the database and said in the log. */
function isName(value: unknown): boolean {
  return isText(value) && value.length > 0 && value.length <= MAX_NAME_LENGTH;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Epoch milliseconds that a date can be made of: one that cannot would fail every look at it. */
function isMoment(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) <= MAX_DATE_MS;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
