/**
 * What `top` remembers: the status of now, and the rates between the looks before. Pure; the clock is an argument.
 *
 * The daemon keeps nothing for it: rates are differences of counts that it has anyway.
 */
import type { StatusView } from '../../protocol/status.ts';

export const SERIES = ['ended', 'added', 'running', 'events', 'connections'] as const;
export type Series = (typeof SERIES)[number];

export interface TopState {
  readonly status: StatusView | null;
  /** Why the daemon does not answer; null: it does. */
  readonly away: string | null;
  /** Epoch milliseconds of the last look. */
  readonly at: number;
  /** Oldest first; by second, so far as it was looked at. */
  readonly values: Readonly<Record<Series, readonly number[]>>;
  /** Of the last look that was answered. */
  readonly counts: Counts | null;
  /** Share of one processor, by pid. */
  readonly cpu: ReadonlyMap<number, number>;
}

interface Counts {
  readonly atMono: number;
  readonly startedAt: string;
  readonly ended: number;
  readonly added: number;
  readonly events: number;
  readonly cpuSeconds: ReadonlyMap<number, number>;
}

/** As many as the widest terminal shows. */
const MAX_VALUES = 400;

export const NOTHING_SEEN: TopState = {
  ...{ status: null, away: null, at: 0, counts: null, cpu: new Map() },
  values: { ended: [], added: [], running: [], events: [], connections: [] },
};

export interface Look {
  readonly at: number;
  readonly atMono: number;
}

export function looked(before: TopState, status: StatusView, { at, atMono }: Look): TopState {
  const counts = countsOf(status, atMono);
  const rates = ratesBetween(before.counts, counts);
  const now: Readonly<Record<Series, number>> = {
    ...rates,
    running: status.executors.running,
    connections: status.subscribers.connections,
  };
  return {
    ...{ status, away: null, at, counts, cpu: cpuBetween(before.counts, counts) },
    values: appended(before.values, now),
  };
}

/** Nothing is known of a second without an answer: it is no zero. */
export function missed(before: TopState, away: string, { at }: Look): TopState {
  return { ...before, away, at, counts: null };
}

function countsOf(status: StatusView, atMono: number): Counts {
  const { succeeded = 0, failed = 0, cancelled = 0 } = status.jobs;
  return {
    atMono,
    startedAt: status.startedAt,
    ended: succeeded + failed + cancelled,
    added: Object.values(status.jobs).reduce((sum, count) => sum + count, 0),
    events: Number(status.log.top),
    cpuSeconds: new Map(
      (status.details?.vitals ?? []).flatMap(({ pid, cpuSeconds }) =>
        cpuSeconds === null ? [] : [[pid, cpuSeconds] as const],
      ),
    ),
  };
}

function ratesBetween(
  before: Counts | null,
  now: Counts,
): Readonly<Record<'ended' | 'added' | 'events', number>> {
  // Another core: positions of the log are skipped at a start, which were no events.
  if (before === null || before.startedAt !== now.startedAt)
    return { ended: 0, added: 0, events: 0 };
  const seconds = Math.max(0.001, (now.atMono - before.atMono) / 1_000);
  // A database that was restored between two looks counts from before.
  const rate = (a: number, b: number): number => Math.max(0, b - a) / seconds;
  return {
    ended: rate(before.ended, now.ended),
    added: rate(before.added, now.added),
    events: rate(before.events, now.events),
  };
}

function cpuBetween(before: Counts | null, now: Counts): ReadonlyMap<number, number> {
  const shares = new Map<number, number>();
  if (before === null) return shares;
  const seconds = Math.max(0.001, (now.atMono - before.atMono) / 1_000);
  for (const [pid, spent] of now.cpuSeconds) {
    const former = before.cpuSeconds.get(pid);
    if (former !== undefined) shares.set(pid, Math.max(0, (spent - former) / seconds));
  }
  return shares;
}

function appended(
  values: TopState['values'],
  now: Readonly<Record<Series, number>>,
): TopState['values'] {
  const grown = (series: Series) => [...values[series], now[series]].slice(-MAX_VALUES);
  return {
    ended: grown('ended'),
    added: grown('added'),
    running: grown('running'),
    events: grown('events'),
    connections: grown('connections'),
  };
}
