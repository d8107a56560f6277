/** The figures of the core: as families, and over the control API of the real core with a job that ran. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { BucketHistogram } from '../../src/core/bucket-histogram.ts';
import { JobMeter, MAX_TOLD_LANES, MAX_TOLD_TYPES, OTHER } from '../../src/core/job-meter.ts';
import { LoopDelayMeter } from '../../src/core/loop-delay.ts';
import { TroubleLog } from '../../src/core/trouble-log.ts';
import type { TroubleView } from '../../src/protocol/troubles.ts';
import { AwakeCore } from './awake-core.ts';
import { type MetricFamily, parseMetrics } from './prometheus-text.ts';
import { ScriptedExecutor } from './scripted-executor.ts';

let core: AwakeCore | undefined;
afterEach(async () => {
  await core?.dispose();
  core = undefined;
});

async function started(): Promise<AwakeCore> {
  core = await AwakeCore.start();
  core.knowType('mail');
  return core;
}

async function scrape(from: AwakeCore): Promise<ReadonlyMap<string, MetricFamily>> {
  return parseMetrics(await from.text('/metrics'));
}

function figureOf(
  families: ReadonlyMap<string, MetricFamily>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
  suffix?: string,
): number | undefined {
  const found = families
    .get(`taskbell_${name}`)
    ?.samples.find(
      (sample) =>
        sample.suffix === suffix &&
        Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    );
  return found?.value;
}

describe('the metrics of the core', () => {
  test('follow the conventions: prefix, units, totals, help and type for each', async () => {
    const families = await scrape(await started());
    for (const { name, type, help } of families.values()) {
      expect(name).toMatch(/^taskbell_[a-z][a-z0-9_]*[a-z0-9]$/);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      expect(name, name).not.toMatch(/_(ms|milliseconds|kib|mb|minutes)(_|$)/);
      expect(help, name).toMatch(/\.$/);
      if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    }
  });

  test('tell of a job that was added, picked up and ended', async () => {
    const own = await started();
    const executor = await ScriptedExecutor.start(own.socketPath);
    const { id } = await own.add('mail', { queue: 'post' });
    await own.add('mail', { delayMs: 60_000 });
    await executor.runs(1);
    executor.end({ id, attempt: 1 });
    await executor.confirms({ id, attempt: 1 });
    const families = await scrape(own);
    expect(figureOf(families, 'jobs_added_total')).toBe(2);
    const lane = { type: 'mail', queue: 'post', state: 'succeeded' };
    expect(figureOf(families, 'job_ends_total', lane)).toBe(1);
    expect(figureOf(families, 'attempt_duration_seconds', { type: 'mail' }, '_count')).toBe(1);
    expect(figureOf(families, 'attempts_failed_total', { type: 'mail' })).toBe(0);
    expect(figureOf(families, 'job_pickup_seconds', {}, '_count')).toBe(1);
    expect(figureOf(families, 'jobs', { queue: 'default', state: 'scheduled' })).toBe(1);
    expect(figureOf(families, 'executors')).toBe(1);
    expect(figureOf(families, 'commit_duration_seconds', {}, '_count')).toBeGreaterThan(0);
    expect(figureOf(families, 'commit_writes_total')).toBeGreaterThan(0);
    expect(figureOf(families, 'log_rows_total')).toBeGreaterThanOrEqual(4);
    expect(figureOf(families, 'database_bytes')).toBeGreaterThan(0);
    await executor.dispose();
  });

  test('tell of each process by its place, with memory and processor time, and never by its pid', async () => {
    const own = await started();
    const one = { pid: process.pid, state: 'ready', restarts: 3, since: null } as const;
    own.processes = [
      { ...one, role: 'core' },
      { ...one, role: 'executor' },
      { ...one, role: 'executor', pid: null, state: 'backoff' },
    ];
    const families = await scrape(own);
    const up = families.get('taskbell_process_up')?.samples ?? [];
    expect(up.map(({ labels, value }) => [labels.process, value])).toEqual([
      ['core-0', 1],
      ['executor-0', 1],
      ['executor-1', 0],
    ]);
    expect(figureOf(families, 'process_restarts', { process: 'core-0' })).toBe(3);
    const all = [...families.values()].flatMap(({ samples }) => samples);
    expect(all.some(({ labels }) => 'pid' in labels)).toBe(false);
    if (process.platform !== 'linux') return;
    const memory = figureOf(families, 'process_resident_memory_bytes', { process: 'core-0' });
    expect(memory).toBeGreaterThan(1_000_000);
    const seconds = figureOf(families, 'process_cpu_seconds_total', { process: 'core-0' });
    expect(seconds).toBeGreaterThan(0);
  });

  test('tell when the newest backup was made, and nothing of one before there is any', async () => {
    const own = await started();
    const before = await scrape(own);
    expect(before.get('taskbell_backup_time_seconds')?.samples).toEqual([]);
    expect((await own.post('/v1/db/backup', {})).status).toBe(201);
    const after = await scrape(own);
    const ageSeconds = Date.now() / 1_000 - (figureOf(after, 'backup_time_seconds') ?? 0);
    expect(Math.abs(ageSeconds)).toBeLessThan(3_600);
    expect(figureOf(after, 'backup_failed')).toBe(0);
    expect(figureOf(after, 'disk_full')).toBe(0);
  });

  test('name the build', async () => {
    const families = await scrape(await started());
    const [build] = families.get('taskbell_build_info')?.samples ?? [];
    expect(build).toMatchObject({ value: 1, labels: { node: process.versions.node } });
    expect(build?.labels.sqlite).toMatch(/^3\./);
  });

  test('every query of the dashboard is about metrics that exist', async () => {
    const families = await scrape(await started());
    const file = path.resolve(
      import.meta.dirname,
      '../../examples/grafana/taskbell-dashboard.json',
    );
    const dashboard = JSON.parse(readFileSync(file, 'utf8')) as { readonly panels: Panel[] };
    const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(queries.length).toBeGreaterThan(20);
    const known = new Set(
      [...families.values()].flatMap(({ name, type }) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    );
    for (const query of queries) {
      const names = query.match(/taskbell_[a-z0-9_]+/g) ?? [];
      expect(names, query).not.toEqual([]);
      for (const name of names) expect(known, query).toContain(name);
    }
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

interface Panel {
  readonly id: number;
  readonly targets?: readonly { readonly expr: string }[];
}

describe('what is counted of jobs', () => {
  const end = {
    type: 't',
    queue: 'q',
    state: 'succeeded',
    hasFailed: false,
    durationMs: 5,
    hasReturned: true,
  } as const;

  test('names so many types and lanes and no more; the rest is one', () => {
    const meter = new JobMeter();
    const ends = Array.from({ length: 1_000 }, (_, n) => ({ ...end, type: `t${n}` }));
    meter.noteEnds([...ends, ...ends]);
    const { ends: lanes, attempts } = meter.read();
    expect(lanes).toHaveLength(MAX_TOLD_LANES + 1);
    expect(attempts).toHaveLength(MAX_TOLD_TYPES + 1);
    const sum = lanes.reduce((total, { count }) => total + count, 0);
    expect(sum).toBe(2_000);
    const other = lanes.find(({ type }) => type === OTHER);
    expect(other).toEqual({
      ...{ type: OTHER, queue: OTHER, state: 'succeeded' },
      count: 2 * (1_000 - MAX_TOLD_LANES),
    });
  });

  test('an attempt that does not end its job counts as an attempt alone', () => {
    const meter = new JobMeter();
    meter.noteEnds([{ ...end, state: null, hasFailed: true }]);
    const { ends, attempts } = meter.read();
    expect(ends).toEqual([]);
    expect(attempts).toMatchObject([{ type: 't', failed: 1, durations: { count: 1, sum: 0.005 } }]);
  });

  test('only first attempts of jobs that were to run at once tell how soon jobs are picked up', () => {
    const meter = new JobMeter();
    const job = { attempt: 1, createdAt: 1_000, isPutOff: false };
    meter.notePicked([job, { ...job, attempt: 2 }, { ...job, isPutOff: true }], 1_250);
    expect(meter.read().pickup).toMatchObject({ count: 1, sum: 0.25 });
  });

  test('a value on a bound belongs below it', () => {
    const histogram = new BucketHistogram([1, 2]);
    for (const value of [1, 1.5, 2, 3]) histogram.add(value);
    expect(histogram.read()).toEqual({
      buckets: [
        { upTo: 1, count: 1 },
        { upTo: 2, count: 3 },
        { upTo: Number.POSITIVE_INFINITY, count: 4 },
      ],
      ...{ sum: 7.5, count: 4 },
    });
  });
});

test('the delay of the event loop is measured from the first look on', async () => {
  const meter = new LoopDelayMeter();
  expect(meter.read()).toEqual({ p50: null, p99: null, max: null });
  await expect.poll(() => meter.read().max, { timeout: 20_000 }).not.toBeNull();
  meter.stop();
  expect(meter.read().max).toBeNull();
  meter.stop();
});

describe('what processes have logged', () => {
  const trouble = (n: number): TroubleView => ({
    ...{ at: new Date(n).toISOString(), level: n % 2 === 0 ? 'warn' : 'error', role: 'core' },
    ...{ pid: 7, component: null, message: `m${n}`, problem: null },
  });

  test('is kept up to a bound, the oldest go, and all are counted', () => {
    const log = new TroubleLog();
    for (let n = 0; n < 120; n += 1) log.hear([trouble(n)], false);
    expect(log.last()).toHaveLength(50);
    expect(log.last()[0]?.message).toBe('m70');
    expect(log.counts()).toEqual({ warn: 60, error: 60 });
  });

  test('is not counted twice when all of it is told again', () => {
    const log = new TroubleLog();
    log.hear([trouble(1), trouble(2)], false);
    log.hear([trouble(1), trouble(2), trouble(3)], true);
    expect(log.last().map(({ message }) => message)).toEqual(['m1', 'm2', 'm3']);
    expect(log.counts()).toEqual({ warn: 1, error: 2 });
  });
});
