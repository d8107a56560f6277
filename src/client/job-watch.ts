/**
 * What a program watches of jobs: their end, the lines of their logs, why they wait, how the work goes, the end of a queue. The
 * waits go on through restarts of the daemon.
 */
import { TaskbellError } from '../protocol/errors.ts';
import { isFinished, type JobView, type LogLinesView } from '../protocol/jobs.ts';
import type { QueueView, StatsView } from '../protocol/status.ts';
import type { WhyView } from '../protocol/why.ts';
import { type Call, type ControlHttp, pause } from './control-http.ts';
import { reconnectDelayMs } from './reconnect-delay.ts';
import { TimeLimit } from './time-limit.ts';

export interface WaitOptions {
  readonly signal?: AbortSignal;
  /** Then the wait ends with `E_TIMEOUT`; for ever when omitted. */
  readonly timeoutMs?: number;
  /** Called when the daemon is away for longer than a request is patient; once for a request of 30 s. */
  readonly onAway?: () => void;
}

export interface FollowLogsOptions {
  /** Number of the last line that is known; 0 when omitted. */
  readonly after?: number;
  readonly signal?: AbortSignal;
  readonly onAway?: () => void;
}

const SLICE_S = 30;
/** A wait that comes to nothing sooner was cut off: the daemon is stopping. */
const CUT_OFF_MS = 1_000;
const PAUSE_MS = 200;
const PAGE_LINES = 1_000;

export async function waitForJob(
  http: ControlHttp,
  id: string,
  options: WaitOptions,
): Promise<JobView> {
  const path = `${pathOf(id)}/wait`;
  const isOver = ({ state }: JobView) => isFinished(state);
  const words = { late: `Job ${id} did not end`, hint: 'It goes on; wait again, or cancel it.' };
  return waitUntil(http, { path, isOver, ...words }, options);
}

/** Until it holds no unfinished job. */
export async function waitForQueue(
  http: ControlHttp,
  name: string,
  options: WaitOptions,
): Promise<QueueView> {
  const path = `/v1/queues/${encodeURIComponent(name)}/wait`;
  const isOver = ({ jobs }: QueueView) => Object.values(jobs).every((n) => n === 0);
  const words = { late: `The queue ${name} was not empty`, hint: 'Its jobs go on; wait again.' };
  return waitUntil(http, { path, isOver, ...words }, options);
}

interface Awaited<T> {
  readonly path: string;
  readonly isOver: (answer: T) => boolean;
  /** What did not happen, and what to do about it. */
  readonly late: string;
  readonly hint: string;
}

async function waitUntil<T>(
  http: ControlHttp,
  { path, isOver, late, hint }: Awaited<T>,
  { signal, timeoutMs, onAway }: WaitOptions,
): Promise<T> {
  const limit = timeoutMs === undefined ? undefined : new TimeLimit(timeoutMs);
  const either = AbortSignal.any([signal, limit?.signal].filter((one) => one !== undefined));
  try {
    for (;;) {
      const call = { method: 'GET', path: `${path}?timeout=${SLICE_S}`, signal: either } as const;
      const askedMono = performance.now();
      const answer = (await askThrough(http, call, onAway)) as T;
      if (isOver(answer)) return answer;
      await pauseIfCutOff(askedMono, either);
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (!limit?.signal.aborted) throw error;
    const seconds = (timeoutMs ?? 0) / 1_000;
    throw new TaskbellError('E_TIMEOUT', `${late} within ${seconds} s.`, { hint });
  } finally {
    limit?.clear();
  }
}

/** Each page holds at least one line, but for the last one. */
export async function* followLogs(
  http: ControlHttp,
  id: string,
  { after = 0, signal, onAway }: FollowLogsOptions,
): AsyncGenerator<LogLinesView> {
  for (let last = after; ; ) {
    const path = `${pathOf(id)}/logs?after=${last}&limit=${PAGE_LINES}&timeout=${SLICE_S}`;
    const askedMono = performance.now();
    const page = (await askThrough(http, { method: 'GET', path, signal }, onAway)) as LogLinesView;
    last = page.lines.at(-1)?.n ?? last;
    if (page.lines.length > 0 || page.ended) yield page;
    else await pauseIfCutOff(askedMono, signal);
    if (page.ended) return;
  }
}

export async function whyOf(http: ControlHttp, id: string): Promise<WhyView> {
  return (await http.call({ method: 'GET', path: `${pathOf(id)}/why` })) as WhyView;
}

export async function statsOf(
  http: ControlHttp,
  { type, queue }: { readonly type?: string; readonly queue?: string },
): Promise<StatsView> {
  const query = new URLSearchParams({ ...(type && { type }), ...(queue && { queue }) });
  return (await http.call({ method: 'GET', path: `/v1/stats?${query}` })) as StatsView;
}

/** Asks again and again while a daemon that has answered before is away. */
async function askThrough(http: ControlHttp, call: Call, onAway?: () => void): Promise<unknown> {
  for (let failures = 0; ; ) {
    try {
      return await http.call(call);
    } catch (error) {
      if (call.signal?.aborted || !isRestart(http, error)) throw error;
      if (failures === 0) onAway?.();
      failures += 1;
      // An abort during the pause makes the next request throw at once.
      await pause(reconnectDelayMs(failures, Math.random()), call.signal).catch(() => undefined);
    }
  }
}

/** Many who wait would else ask a daemon that stops again and again. */
async function pauseIfCutOff(askedMono: number, signal: AbortSignal | undefined): Promise<void> {
  if (performance.now() - askedMono < CUT_OFF_MS) await pause(PAUSE_MS, signal);
}

function isRestart({ hasAnswered }: ControlHttp, error: unknown): boolean {
  if (!(error instanceof TaskbellError) || !hasAnswered) return false;
  return error.code === 'E_DAEMON_UNREACHABLE' || error.code === 'E_UNAVAILABLE';
}

function pathOf(id: string): string {
  return `/v1/jobs/${encodeURIComponent(id)}`;
}
