import { afterAll, beforeAll, expect, test } from 'vitest';
import { MAX_PAYLOAD_BYTES } from '../../src/protocol/jobs.ts';
import { Site, until } from './daemon.ts';

const site = new Site(`[job:nap]\ncommand = sleep 30\nretries = 0\n`);
beforeAll(async () => void (await site.up()));
afterAll(() => site.dispose());

test('prints the accepted job as JSON', async () => {
  const job = await site.json('job', 'add', 'echo', '{"n":1}');
  expect(job).toMatchObject({ id: expect.stringMatching(/^\d+$/), type: 'echo', queue: 'default' });
  expect(job).toMatchObject({ state: 'queued', durability: 'disk', duplicate: false, runAt: null });
  expect(await site.api.wait(job.id)).toMatchObject({ state: 'succeeded', result: { n: 1 } });
});

test('--delay keeps a job back for so long', async () => {
  const job = await site.json('job', 'add', 'echo', '--delay', '700ms');
  expect(job.state).toBe('scheduled');
  expect(Date.parse(job.runAt) - Date.parse(job.createdAt)).toBe(700);
  const ended = await site.api.wait(job.id);
  expect(Date.parse(ended.startedAt ?? '') - Date.parse(job.createdAt)).toBeGreaterThanOrEqual(700);
});

test('--at keeps a job back until then, and runs it at once when the time is past', async () => {
  const at = new Date(Date.now() + 1_000).toISOString();
  const job = await site.json('job', 'add', 'echo', '--at', at);
  expect(job).toMatchObject({ state: 'scheduled', runAt: at });
  expect(Date.parse((await site.api.wait(job.id)).startedAt ?? '')).toBeGreaterThanOrEqual(
    Date.parse(at),
  );
  const past = await site.json('job', 'add', 'echo', '--at', '2020-01-01T00:00:00+02:00', '--wait');
  expect(past.state).toBe('succeeded');
});

test('--priority decides the order in a queue that was held, and age among equals', async () => {
  await site.run(['queue', 'pause', 'default']);
  for (const [name, priority] of [
    ['low', -5],
    ['first', 0],
    ['second', 0],
    ['high', 7],
  ] as const) {
    await site.json('job', 'add', 'note', `{"name":"${name}"}`, '--priority', `${priority}`);
  }
  expect(site.lines('order.trace')).toEqual([]);
  await site.run(['queue', 'resume', 'default']);
  await until(() => site.lines('order.trace').length === 4, 'all four ran');
  expect(site.lines('order.trace')).toEqual(['high', 'first', 'second', 'low']);
});

test('--queue and --user go with the job', async () => {
  const job = await site.json(
    'job',
    'add',
    'publish',
    '{}',
    '--queue',
    'fast',
    '--user',
    'ada',
    '--wait',
  );
  expect(job).toMatchObject({ queue: 'fast', userId: 'ada', result: { user: 'ada' } });
});

test('--unique finds the unfinished job of the key, and adds again once it has ended', async () => {
  const add = () => site.json('job', 'add', 'gate', '{"file":"unique.open"}', '--unique', 'k1');
  const [first, second] = [await add(), await add()];
  expect(first.duplicate).toBe(false);
  expect(second).toMatchObject({ id: first.id, duplicate: true });
  site.write('unique.open', '');
  await site.api.wait(first.id);
  expect(await add()).toMatchObject({ duplicate: false });
});

test('--retries overrules the handler', async () => {
  const job = await site.run([
    'job',
    'add',
    'flaky',
    '{"until":9}',
    '--retries',
    '0',
    '--wait',
    '--json',
  ]);
  expect(job.exitCode).toBe(1);
  expect(JSON.parse(job.stdout)).toMatchObject({ state: 'failed', reason: 'error', attempt: 1 });
});

test('--timeout ends an attempt, of a module and of a command', async () => {
  for (const [type, payload] of [
    ['gate', '{"file":"never"}'],
    ['nap', 'null'],
  ] as const) {
    const options = ['--timeout', '200ms', '--retries', '0', '--wait', '--json'];
    const { exitCode, stdout } = await site.run(['job', 'add', type, payload, ...options]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'failed', reason: 'timeout' });
  }
});

test('--wait says in words how it went, and exits with 0 or 1', async () => {
  const good = await site.run(['job', 'add', 'echo', '42', '--wait']);
  expect(good).toMatchObject({ exitCode: 0 });
  expect(good.stdout).toMatch(/^job \d+ \(echo\) succeeded.*\n/);
  const bad = await site.run(['job', 'add', 'flaky', '{"until":9}', '--wait']);
  expect(bad).toMatchObject({ exitCode: 1 });
  expect(bad.stdout).toMatch(
    /^job \d+ \(flaky\) failed \(exhausted\) after 3 attempts.*\nerror: RangeError: attempt 3 broke\n/,
  );
});

test('--wait exits with 1 for a job that somebody cancelled', async () => {
  const adding = site.run([
    'job',
    'add',
    'gate',
    '{"file":"never"}',
    '--unique',
    'w',
    '--wait',
    '--json',
  ]);
  let id = '';
  await until(async () => {
    id = (await site.api.list({ type: 'gate', state: 'running' })).jobs[0]?.id ?? '';
    return id !== '';
  }, 'it runs');
  await site.run(['job', 'cancel', id]);
  const { exitCode, stdout } = await adding;
  expect(exitCode).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ id, state: 'cancelled' });
});

test('the payload may come from a file or from standard input', async () => {
  site.write('payload.json', '{"from":"file"}');
  expect((await site.json('job', 'add', 'echo', '@payload.json', '--wait')).result).toEqual({
    from: 'file',
  });
  const piped = await site.run(['job', 'add', 'echo', '-', '--wait', '--json'], {
    stdin: '{"from":"pipe"}\n',
  });
  expect(JSON.parse(piped.stdout).result).toEqual({ from: 'pipe' });
});

test('a payload of 1 MiB is accepted and comes out whole; one byte more is refused and costs nothing', async () => {
  const text = JSON.stringify('x'.repeat(MAX_PAYLOAD_BYTES - 2));
  site.write('full.json', text);
  site.write('over.json', `${text.slice(0, -1)}x"`);
  const job = await site.json('job', 'add', 'echo', '@full.json', '--wait');
  expect(JSON.stringify(job.result)).toBe(text);
  const before = (await site.api.list({ limit: 1 })).jobs[0]?.id;
  expect(await site.refusal(['job', 'add', 'echo', '@over.json'])).toMatchObject({
    exitCode: 65,
    stdout: '',
    code: 'E_PAYLOAD_TOO_LARGE',
    message: expect.stringContaining('1048577 bytes'),
  });
  expect((await site.api.list({ limit: 1 })).jobs[0]?.id).toBe(before);
});
