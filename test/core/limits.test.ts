/** Limits of a configuration, through an awake core. */
import { afterEach, expect, it } from 'vitest';
import { limitsHolding } from '../../src/core/limit-report.ts';
import { claiming, MAIL, NOW, newJob, rules } from '../contract/job-fixture.ts';
import { openSqliteStores } from '../contract/stores.ts';
import { AwakeCore } from './awake-core.ts';
import { DispatchStand } from './dispatch-stand.ts';
import { manifest, ScriptedExecutor } from './scripted-executor.ts';

const executors: ScriptedExecutor[] = [];
let core: AwakeCore | undefined;
afterEach(async () => {
  for (const one of executors.splice(0)) await one.dispose();
  await core?.dispose();
  core = undefined;
});

async function awake(ini: string): Promise<AwakeCore> {
  core = await AwakeCore.start(ini);
  for (const type of ['mail', 'scan']) core.knowType(type);
  return core;
}

async function executor(on: AwakeCore, offer = {}): Promise<ScriptedExecutor> {
  const one = await ScriptedExecutor.start(on.socketPath, { types: ['mail', 'scan'], ...offer });
  executors.push(one);
  return one;
}

function add(on: AwakeCore, count: number, job: object = {}) {
  return on.post(
    '/v1/jobs',
    Array.from({ length: count }, () => ({ type: 'mail', ...job })),
  );
}

it('a queue has its own, over all its types, and an end makes room', async () => {
  const on = await awake('[queue:default]\nconcurrency = 2\n');
  const one = await executor(on);
  await add(on, 3);
  await add(on, 3, { type: 'scan' });
  await add(on, 1, { queue: 'free' });
  const started = await one.runs(3);
  expect(started.filter(({ queue }) => queue === 'default')).toHaveLength(2);
  const held = started.find(({ queue }) => queue === 'default');
  if (held) one.end(held);
  await one.runs(4);
  expect((await on.get('/v1/status')).body.jobs).toMatchObject({ running: 3, queued: 3 });
});

it('a group has its own in a type, and what runs counts after a restart of the core', async () => {
  const on = await awake('[job:mail]\ngroupConcurrency = 1\n');
  const one = await executor(on);
  await add(on, 2, { group: 'acme' });
  const [first] = await one.runs(1);
  await on.sleep();
  await on.wake();
  if (first) await one.connect([{ id: first.id, attempt: first.attempt }]);
  await add(on, 1, { group: 'brown' });
  const started = await one.runs(2);
  expect(started.map(({ group }) => group)).toEqual(['acme', 'brown']);
  if (first) one.end(first);
  expect((await one.runs(3)).at(-1)).toMatchObject({ group: 'acme' });
});

it('a rate starts the next job when its token is due, with nothing else happening', async () => {
  const on = await awake('[job:mail]\nrate = 2/1s\n');
  const one = await executor(on);
  await add(on, 4);
  const started = await one.runs(4);
  expect(started).toHaveLength(4);
  const at = await Promise.all(
    started.map(async ({ id }) => Date.parse((await on.job(id)).startedAt ?? '')),
  );
  expect((at[2] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(500);
  expect((at[3] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(1_000);
});

it('a wake for one token asks for the wake of the next one', async () => {
  const rate = (perMs: number) => ({ rate: { count: 1, perMs } });
  const stand = new DispatchStand(rules({ type: { mail: rate(200), scan: rate(400) } }));
  try {
    stand.addExecutor(9);
    await stand.add({ type: 'mail' }, 2);
    await stand.add({ type: 'scan' }, 2);
    expect(Math.min(...stand.expected)).toBe(NOW + 200);
    // The clock keeps the next time only.
    stand.expected = [];
    await stand.wait(200);
    expect(stand.started.map(({ type }) => type)).toEqual(['mail', 'scan', 'mail']);
    expect(stand.expected).toContain(NOW + 400);
    stand.expected = [];
    await stand.wait(200);
    expect(stand.started).toHaveLength(4);
    expect(stand.expected).toEqual([]);
  } finally {
    stand.close();
  }
});

it('what a handler says of its concurrency holds, and what its next version says holds at once', async () => {
  const on = await awake('');
  const types = (concurrency: number) => [manifest('mail', { settings: { concurrency } })];
  const one = await executor(on, { types: types(1) });
  await add(on, 3);
  await one.runs(1);
  await on.get('/v1/status');
  expect(one.assigned).toHaveLength(1);
  const two = await executor(on, { types: types(3) });
  await expect.poll(() => one.assigned.length + two.assigned.length, { timeout: 20_000 }).toBe(3);
});

it('are told of a queued job: by which attempts it is held, and until when', async () => {
  const stores = openSqliteStores();
  try {
    const limits = rules({
      queue: { default: { concurrency: 1 } },
      type: { mail: { rate: { count: 1, perMs: 5_000 } } },
    });
    await stores.jobs.add([newJob(), newJob()], NOW);
    const report = () => limitsHolding(MAIL, { store: stores.jobs, limits, now: () => NOW });
    expect(await report()).toEqual([]);
    const { jobs } = await stores.jobs.claim(claiming({ limits, now: NOW }));
    expect(await report()).toEqual([
      { key: 'queue default', kind: 'concurrency', limit: '1', until: null, jobs: [jobs[0]?.id] },
      { key: 'type mail', kind: 'rate', limit: '1 in 5000 ms', until: NOW + 5_000, jobs: [] },
    ]);
  } finally {
    stores.close();
  }
});
