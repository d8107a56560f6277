/**
 * From what a caller asks for to a job with every field decided. Pure; what needs a store, such as whether
 * a key is taken, is decided there.
 */
import { type Fingerprint, fingerprintWith } from '../privacy/fingerprint.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { JobRequest, UniquePolicy, UniqueRequest } from '../protocol/jobs.ts';
import type { Json } from '../protocol/json.ts';
import type { NewJob, UniqueRule } from '../queue/job.ts';
import { renderBounded } from './bounded-json.ts';

export interface RequestFacts {
  /** Where jobs of its type go. */
  readonly queue: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Of type and payload; a plain hash when omitted. */
  readonly fingerprint?: Fingerprint;
}

const PLAIN_FINGERPRINT = fingerprintWith(null);

/** @throws TaskbellError E_INVALID_REQUEST where fields contradict each other */
export function toNewJob(request: JobRequest, facts: RequestFacts): NewJob {
  const { queue, at, fingerprint = PLAIN_FINGERPRINT } = facts;
  const payload = renderBounded(request.payload ?? null, `The payload of ${request.type}`);
  return {
    type: request.type,
    queue: request.queue ?? queue,
    payload,
    priority: request.priority ?? 0,
    ...timesOf(request, at),
    ...(request.traceparent === undefined ? {} : { traceparent: request.traceparent }),
    uniqueKey: uniqueKeyOf(request, fingerprint),
    unique: request.unique === undefined ? null : uniqueRuleOf(request.unique, request),
    retries: request.retries ?? null,
    backoff: request.backoff ?? null,
    timeoutMs: request.timeoutMs ?? null,
    userId: request.userId ?? null,
    group: request.group ?? null,
    durability: request.durability ?? 'disk',
    ref: request.ref ?? null,
    after: [...new Set(request.after ?? [])],
    onDependencyFailure: request.onDependencyFailure ?? 'fail',
  };
}

/** A delay counts from the moment from which nothing else holds the job. */
function timesOf(request: JobRequest, at: number): Pick<NewJob, 'runAt' | 'delayMs'> {
  const runAt = runAtOf(request, at);
  const { delayMs = 0, after = [] } = request;
  return after.length === 0 || delayMs === 0 ? { runAt } : { runAt: null, delayMs };
}

function runAtOf(request: JobRequest, at: number): number | null {
  const { delayMs, runAt } = request;
  if (delayMs !== undefined && runAt !== undefined) {
    throw new TaskbellError('E_INVALID_REQUEST', 'A job takes delayMs or runAt, not both.', {
      hint: 'Leave one of them out.',
    });
  }
  if (runAt !== undefined) return Date.parse(runAt);
  return delayMs === undefined || delayMs === 0 ? null : at + delayMs;
}

function uniqueKeyOf(request: JobRequest, fingerprint: Fingerprint): string | null {
  const { type, payload, uniqueKey, unique } = request;
  if (unique === undefined) return uniqueKey ?? null;
  const given = [uniqueKey, unique.key, unique.by].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw new TaskbellError(
      'E_INVALID_REQUEST',
      'A unique job takes exactly one of unique.key and unique.by.',
      { hint: 'Give a key of your own, or by: "payload" for the hash of type and payload.' },
    );
  }
  if (unique.by === undefined) return uniqueKey ?? unique.key ?? null;
  return fingerprint([sortedText(type, payload ?? null)]);
}

/** Policies by which a later add takes the place of a job: it could not take its dependencies too. */
const REPLACING: readonly UniquePolicy[] = ['replace', 'debounce', 'run-again'];

function uniqueRuleOf(unique: UniqueRequest, { delayMs = 0, after }: JobRequest): UniqueRule {
  const { policy = 'keep-first', windowMs = null, maxWaitMs = null } = unique;
  if (policy === 'debounce' && delayMs === 0) {
    throw new TaskbellError('E_INVALID_REQUEST', 'A debounced job needs delayMs, the quiet time.', {
      hint: 'Give delayMs of more than 0.',
    });
  }
  if (after !== undefined && after.length > 0 && REPLACING.includes(policy)) {
    throw new TaskbellError(
      'E_INVALID_REQUEST',
      `A job with unique.policy ${policy} cannot depend on others.`,
      { hint: 'Leave out after, or take keep-first, reject or throttle.' },
    );
  }
  if (maxWaitMs !== null && policy !== 'debounce') {
    throw new TaskbellError('E_INVALID_REQUEST', `unique.maxWaitMs says nothing to ${policy}.`, {
      hint: 'It goes with the policy debounce.',
    });
  }
  if (policy === 'throttle' && windowMs === null) {
    throw new TaskbellError('E_INVALID_REQUEST', 'A throttled job needs unique.windowMs.', {
      hint: 'Say for how long the key is held.',
    });
  }
  return { policy, windowMs, delayMs, maxWaitMs };
}

function sortedText(type: string, payload: Json): string {
  try {
    return JSON.stringify([type, sorted(payload)]);
  } catch (cause) {
    // Sorting ends where the stack does, sooner than the bound of the payload itself.
    const words = `The payload of ${type} is nested too deeply to be unique by it.`;
    throw new TaskbellError('E_INVALID_REQUEST', words, {
      hint: 'Flatten it, or give a unique.key of your own.',
      cause,
    });
  }
}

/** The same value whatever the order of its keys. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value as Readonly<Record<string, Json>>);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]),
  );
}
