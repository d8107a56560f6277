/** `job list`, `job show` and `job logs` on a service that has done some work. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Site } from './daemon.ts';

const site = new Site();
const ids: Record<string, string> = {};

beforeAll(async () => {
  await site.up();
  await site.api.pauseQueue('held');
  const add = async (name: string, ...args: Parameters<typeof site.api.add>) => {
    ids[name] = (await site.api.add(...args)).id;
  };
  await add('done', 'publish', {}, { userId: 'ada' });
  await add('failed', 'flaky', { until: 9 }, { retries: 0 });
  await add('queued', 'echo', 1, { queue: 'held' });
  await add('scheduled', 'echo', 2, { delayMs: 60_000, userId: 'ada' });
  await site.api.wait(ids.done ?? '');
  await site.api.wait(ids.failed ?? '');
});
afterAll(() => site.dispose());

const listed = async (...args: string[]) =>
  (await site.json('job', 'list', ...args)).jobs.map(({ id }: { id: string }) => id);

test('lists newest first', async () => {
  expect(await site.json('job', 'list')).toMatchObject({ next: null });
  expect(await listed()).toEqual([ids.scheduled, ids.queued, ids.failed, ids.done]);
});

test('filters by user and type together', async () => {
  expect(await listed('--user', 'ada', '--type', 'publish')).toEqual([ids.done]);
});

test.each([
  [{ state: 'failed' }, ['failed']],
  [{ state: 'scheduled' }, ['scheduled']],
  [{ type: 'echo' }, ['scheduled', 'queued']],
  [{ queue: 'held' }, ['queued']],
  [{ user: 'ada' }, ['scheduled', 'done']],
  [{ state: 'running' }, []],
] as const)('filters by %j', async (filter, names) => {
  const { jobs } = await site.api.list(filter);
  expect(jobs.map(({ id }) => id)).toEqual(names.map((name) => ids[name]));
});

test('pages with --limit and --cursor until next is null', async () => {
  const seen: string[] = [];
  let next: string | null = '';
  while (next !== null) {
    const page = await site.json(
      'job',
      'list',
      '--limit',
      '3',
      ...(next === '' ? [] : ['--cursor', next]),
    );
    seen.push(...page.jobs.map(({ id }: { id: string }) => id));
    next = page.next;
  }
  expect(seen).toEqual([ids.scheduled, ids.queued, ids.failed, ids.done]);
});

test('job logs prints what the handler wrote', async () => {
  const { stdout } = await site.run(['job', 'logs', ids.done ?? '']);
  expect(stdout).toMatch(/^\S+ info {3}half way\n\S+ warn {3}careful\n$/);
});

test('job logs --follow ends with the job', async () => {
  const { id } = await site.api.add('gate', { file: 'logs.open' });
  const following = site.run(['job', 'logs', id, '--follow']);
  site.write('logs.open', '');
  expect(await following).toMatchObject({ exitCode: 0, stdout: '' });
});

test('job show tells in words what is known', async () => {
  const { stdout } = await site.run(['job', 'show', ids.failed ?? '']);
  expect(stdout).toContain('state     failed (error)\n');
  expect(stdout).toContain('error     RangeError: attempt 1 broke\n');
  expect(await site.refusal(['job', 'show', '999999'])).toMatchObject({
    exitCode: 66,
    code: 'E_NOT_FOUND',
  });
});

test('job wait ends at once for what has ended, and gives up at its time limit', async () => {
  expect((await site.run(['job', 'wait', ids.done ?? ''])).exitCode).toBe(0);
  expect((await site.run(['job', 'wait', ids.failed ?? ''])).exitCode).toBe(1);
  expect(
    await site.refusal(['job', 'wait', ids.scheduled ?? '', '--timeout', '50ms']),
  ).toMatchObject({
    exitCode: 75,
    code: 'E_TIMEOUT',
  });
});
