/**
 * Reads what an executor says. Pure. An executor may be anybody's program, so its messages are looked
 * at before they are believed: one that is malformed must not bring down the core, which would come
 * back, be told the same again, and never get further.
 */
import type { ExecutorMessage } from '../protocol/execute.ts';

type Loose = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const OUTCOMES = new Set<unknown>([
  'succeeded',
  'error',
  'timeout',
  'cancelled',
  'rejected',
  'interrupted',
]);
const LEVELS = new Set<unknown>(['info', 'warn', 'error', 'stderr']);

const SHAPES: Readonly<Record<string, (message: Loose) => boolean>> = {
  hello: ({ executor, process, supervisorPid, slots, queues, types, holding }) =>
    isText(executor) &&
    isProcess(process) &&
    Number.isSafeInteger(supervisorPid) &&
    Number.isSafeInteger(slots) &&
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
    (events === undefined || isListOf(events, isObject)) &&
    (error === undefined || (isObject(error) && isText(error.name) && isText(error.message)))
  );
}

function isLine(value: unknown): boolean {
  return (
    isFence(value) && LEVELS.has(value.level) && isText(value.line) && Number.isFinite(value.at)
  );
}

function isStuck(value: unknown): boolean {
  return isFence(value) && (value.outcome === 'timeout' || value.outcome === 'cancelled');
}

function isManifest(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { name, schema, settings, problem } = value;
  const isWhole = isText(name) && typeof schema === 'boolean' && isObject(settings);
  return isWhole && (problem === undefined || isText(problem));
}

function isProcess(value: unknown): boolean {
  return isObject(value) && Number.isSafeInteger(value.pid) && isText(value.startTime);
}

function isFence(value: unknown): value is Loose {
  return isObject(value) && isText(value.id) && Number.isSafeInteger(value.attempt);
}

function isListOf(value: unknown, fits: Check): boolean {
  return Array.isArray(value) && value.every(fits);
}

function isObject(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
