/** Fresh executors: rolling, at once, on a change of files, and what keeps the former ones. */
import { afterEach, expect, test, vi } from 'vitest';
import type { WorkerView } from '../../src/client/client.ts';
import { outcomes, Site, until } from './daemon.ts';

// Several generations of processes start one after the other.
vi.setConfig({ testTimeout: 120_000 });

let site: Site;
afterEach(() => site.dispose());

const VERSION_ONE = 'export default () => 1;';
const VERSION_TWO = 'export default () => 2;';

const pidsOf = (workers: readonly WorkerView[]) => workers.map(({ pid }) => pid);

async function resultOf(type: string): Promise<unknown> {
  const { id } = await site.api.add(type);
  return (await site.api.wait(id)).result;
}

test('a rolling restart under load interrupts no attempt, and brings new handlers and new types', async () => {
  site = new Site(`[worker]\nprocesses = 2\nconcurrency = 4\n`);
  site.write(
    'jobs/short.mjs',
    'export default () => new Promise((resolve) => setTimeout(resolve, 20));',
  );
  site.write('jobs/version.mjs', VERSION_ONE);
  await site.up();
  const before = await site.api.workers();
  const { id: long } = await site.api.add('gate', { file: 'open' });
  await until(() => site.lines('gate.trace').length === 1, 'the long job runs', 30_000);
  const ids: string[] = [];
  let isOver = false;
  const load = (async () => {
    while (!isOver) {
      const added = await site.api.addMany(Array.from({ length: 10 }, () => ({ type: 'short' })));
      ids.push(...added.map(({ id }) => id));
      await site.api.wait(ids.at(-1) ?? '');
    }
  })();
  expect(await resultOf('version')).toBe(1);
  site.write('jobs/version.mjs', VERSION_TWO);
  site.write('jobs/novel.mjs', 'export default () => "new";');
  const restart = site.run(['worker', 'restart', '--rolling', '--json']);
  await until(
    async () => (await site.api.workers()).some(({ state }) => state === 'quiet'),
    'one is quiet',
    60_000,
  );
  site.write('open', '');
  const { exitCode, stdout, stderr } = await restart;
  isOver = true;
  await load;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const { replaced } = JSON.parse(stdout) as { replaced: { pid: number; successor: number }[] };
  expect(replaced.map(({ pid }) => pid).toSorted()).toEqual(pidsOf(before).toSorted());
  const after = await site.api.workers();
  expect(pidsOf(after).toSorted()).toEqual(replaced.map(({ successor }) => successor).toSorted());
  const jobs = await Promise.all([long, ...ids].map((id) => site.api.wait(id)));
  expect(jobs.map(outcomes)).toEqual(jobs.map(() => ['succeeded']));
  expect(await resultOf('version')).toBe(2);
  expect(await resultOf('novel')).toBe('new');
});

test('a successor that cannot load a handler ends the restart with a clear error, and the former ones stay', async () => {
  site = new Site(`[worker]\nprocesses = 2\n`);
  site.write('jobs/version.mjs', VERSION_ONE);
  await site.up();
  const before = pidsOf(await site.api.workers());
  site.write('jobs/version.mjs', 'export default {');
  const refusal = await site.refusal(['worker', 'restart', '--rolling']);
  expect(refusal).toMatchObject({ exitCode: 65, code: 'E_HANDLER' });
  expect(refusal.message).toContain('version.mjs');
  expect(refusal.hint).toContain('0 of 2 executors were replaced');
  expect(pidsOf(await site.api.workers())).toEqual(before);
  expect(await resultOf('version')).toBe(1);
  site.write('jobs/version.mjs', VERSION_TWO);
  expect(await site.api.restartWorkers({ rolling: true })).toHaveLength(2);
  expect(await resultOf('version')).toBe(2);
});

test('a restart that is not rolling interrupts what does not end in time; it runs again', async () => {
  site = new Site();
  await site.up();
  const { id } = await site.api.add('gate', { file: 'open' });
  await until(() => site.lines('gate.trace').length === 1, 'it runs', 30_000);
  const [former] = await site.api.workers();
  const replaced = await site.api.restartWorkers({ timeoutMs: 0 });
  expect(replaced.map(({ pid }) => pid)).toEqual([former?.pid]);
  site.write('open', '');
  expect(outcomes(await site.api.wait(id))).toEqual(['interrupted', 'succeeded']);
  expect((await site.api.status()).processes.map(({ restarts }) => restarts)).toEqual(
    (await site.api.status()).processes.map(() => 0),
  );
});

test('a quiet executor takes no more, and one that comes in its place does', async () => {
  site = new Site();
  await site.up();
  const [worker] = await site.api.workers();
  const { exitCode } = await site.run(['worker', 'quiet', String(worker?.pid)]);
  expect(exitCode).toBe(0);
  const { id } = await site.api.add('echo', 'later');
  const { workers } = await site.json('worker', 'list');
  expect(workers).toMatchObject([{ pid: worker?.pid, state: 'quiet', running: 0, done: 0 }]);
  expect((await site.api.get(id)).state).toBe('queued');
  await site.api.restartWorkers({ rolling: true });
  expect(await site.api.wait(id)).toMatchObject({ state: 'succeeded', result: 'later' });
  expect(await site.refusal(['worker', 'quiet', '1'])).toMatchObject({ code: 'E_NOT_FOUND' });
  expect(await site.refusal(['worker', 'quiet'])).toMatchObject({ exitCode: 64, code: 'E_USAGE' });
});

test('with [worker] watch a changed handler is there without a command', async () => {
  site = new Site(`[worker]\nwatch = true\n`);
  site.write('jobs/version.mjs', VERSION_ONE);
  await site.up();
  expect(await resultOf('version')).toBe(1);
  site.write('jobs/version.mjs', VERSION_TWO);
  await until(async () => (await resultOf('version')) === 2, 'the new handler', 30_000);
});

test('executors of another service on the same data are listed and replaced too', async () => {
  site = new Site();
  await site.up();
  const second = site.start(['worker', 'run']);
  await second.ready();
  await until(async () => (await site.api.workers()).length === 2, 'both executors', 30_000);
  const before = await site.api.workers();
  expect(new Set(before.map(({ supervisorPid }) => supervisorPid)).size).toBe(2);
  const replaced = await site.api.restartWorkers({ rolling: true });
  expect(replaced.map(({ pid }) => pid).toSorted()).toEqual(pidsOf(before).toSorted());
  expect(await second.stop()).toBe(0);
});
