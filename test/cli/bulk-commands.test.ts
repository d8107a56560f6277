/** The commands that look after many jobs, against a real core. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AwakeCore } from '../core/awake-core.ts';
import { ScriptedExecutor } from '../core/scripted-executor.ts';
import { type RunOptions, runCommand } from './run-command.ts';

let core: AwakeCore;
beforeEach(async () => {
  core = await AwakeCore.start();
  for (const type of ['mail', 'scan']) core.knowType(type);
});
afterEach(() => core.dispose());

function run(words: readonly string[], options: Partial<RunOptions> = {}) {
  return runCommand([...words, '--socket', core.socketPath], { cwd: core.directory, ...options });
}

async function json(...words: readonly string[]) {
  const { stdout, stderr, exitCode } = await run([...words, '--json']);
  expect([exitCode, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

async function stateOf(id: string): Promise<string> {
  return (await core.job(id)).state;
}

/** Jobs of this type, all failed. */
async function failed(count: number, type = 'mail'): Promise<readonly string[]> {
  const executor = await ScriptedExecutor.start(core.socketPath, { types: [type] });
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const { id } = await core.add(type, { retries: 0 });
    await executor.runs(n + 1);
    const error = { name: 'E', message: 'ETIMEDOUT' };
    executor.end({ id, attempt: 1, outcome: 'error', error });
    await core.ended(id);
    ids.push(id);
  }
  await executor.dispose();
  return ids;
}

const EVERYTHING = ['job', 'cancel', '--state', 'queued'];

describe('a change of many', () => {
  it('shows with --dry-run what it would do, and does nothing', async () => {
    for (let n = 0; n < 12; n += 1) await core.add('mail');
    const { exitCode, stdout } = await run([...EVERYTHING, '--dry-run']);
    expect(exitCode).toBe(0);
    expect(stdout.split('\n').filter((line) => line.includes('mail'))).toHaveLength(10);
    expect(stdout).toContain('12 jobs; nothing was changed');
    expect(await json('job', 'cancel', '--type', 'scan', '--dry-run')).toMatchObject({
      ...{ matched: 0, changed: 0, examples: [] },
    });
    expect(await stateOf('1')).toBe('queued');
  });

  it('asks on a terminal, and takes nothing but a yes', async () => {
    const { id } = await core.add('mail');
    for (const stdin of ['', 'n\n', 'perhaps\n']) {
      const { exitCode, stderr } = await run(EVERYTHING, { asks: true, spins: true, stdin });
      expect(exitCode).toBe(0);
      expect(stderr).toContain('cancel 1 job? [y/N]');
      expect(stderr).toContain('nothing was changed');
    }
    expect(await stateOf(id)).toBe('queued');
    const { stdout } = await run(EVERYTHING, { asks: true, spins: true, stdin: 'y\n' });
    expect(stdout).toContain('1 job cancelled');
    expect(await stateOf(id)).toBe('cancelled');
  });

  it('shows no empty table where there is nothing to change', async () => {
    const { stderr } = await run(EVERYTHING, { asks: true, spins: true, stdin: 'n\n' });
    expect(stderr).toBe('cancel 0 jobs? [y/N] nothing was changed\n');
  });

  it('refuses where nobody can be asked, and does it with --yes', async () => {
    const { id } = await core.add('mail');
    const { exitCode, stderr } = await run(EVERYTHING);
    expect(exitCode).toBe(64);
    expect(stderr).toContain('--dry-run');
    expect(await stateOf(id)).toBe('queued');
    expect(await json(...EVERYTHING, '--yes')).toMatchObject({ matched: 1, changed: 1 });
    expect(await json(...EVERYTHING, '--yes')).toMatchObject({ matched: 0, changed: 0 });
  });

  it('of jobs that are named asks nobody, and answers for each', async () => {
    const ids = [(await core.add('mail')).id, (await core.add('mail')).id];
    const { exitCode, stdout, stderr } = await run(['job', 'cancel', ...ids, '999']);
    expect(exitCode).toBe(65);
    expect(stdout).toBe('2 jobs cancelled, or told to stop where they run\n');
    expect(stderr).toContain('not job 999: There is no job 999. (E_NOT_FOUND)');
  });

  it.each(['retry', 'cancel', 'purge'])('job %s without a word is refused', async (verb) => {
    const { exitCode, stderr } = await run(['job', verb]);
    expect(exitCode).toBe(64);
    expect(stderr).toContain('no jobs were named');
  });

  it('refuses a state that it does nothing about', async () => {
    const { exitCode, stderr } = await run(['job', 'retry', '--state', 'queued', '--yes']);
    expect(exitCode).toBe(65);
    expect(stderr).toContain('retry does nothing to queued jobs');
  });
});

it('job retry queues the dead jobs of a filter again', async () => {
  const [first] = await failed(3);
  await failed(1, 'scan');
  expect(await json('job', 'retry', '--type', 'mail', '--older-than', '1h', '--yes')).toMatchObject(
    {
      matched: 0,
    },
  );
  const answer = await json(
    'job',
    'retry',
    '--state',
    'failed',
    '--error',
    'TIMED',
    '--type',
    'mail',
    '-y',
  );
  expect(answer).toEqual({ matched: 3, changed: 3, failed: 0, failures: [] });
  expect(await stateOf(first ?? '')).toBe('queued');
  expect((await core.get('/v1/jobs?state=failed')).body.jobs).toHaveLength(1);
});

it('job cancel ends what waits, and tells the executor of what runs', async () => {
  const executor = await ScriptedExecutor.start(core.socketPath);
  const { id } = await core.add('mail');
  await executor.runs(1);
  const later = await core.add('mail', { delayMs: 60_000 });
  expect(await json('job', 'cancel', '--type', 'mail', '--yes')).toMatchObject({ changed: 2 });
  await executor.until(() => executor.all('cancel').length === 1, 'cancel');
  executor.end({ id, attempt: 1, outcome: 'cancelled' });
  expect((await core.ended(id)).state).toBe('cancelled');
  expect(await stateOf(later.id)).toBe('cancelled');
  await executor.dispose();
});

it('job move takes jobs to another queue, where they run; not into one that is drained', async () => {
  await core.post('/v1/queues/slow/pause');
  const { id } = await core.add('mail', { queue: 'slow' });
  expect(await json('job', 'move', '--from', 'slow', '--queue', 'fast', '--yes')).toMatchObject({
    ...{ matched: 1, changed: 1 },
  });
  const executor = await ScriptedExecutor.start(core.socketPath);
  await executor.runs(1);
  executor.end({ id, attempt: 1 });
  expect(await core.ended(id)).toMatchObject({ state: 'succeeded', queue: 'fast' });
  await executor.dispose();
  await core.post('/v1/queues/gone/drain');
  const refused = await run(['job', 'move', id, '--queue', 'gone']);
  expect(refused.exitCode).toBe(65);
  expect(refused.stderr).toContain('takes no jobs');
});

it('job purge removes records of ended jobs, queue purge ends what waits', async () => {
  const ids = await failed(2);
  expect(await json('job', 'purge', '--state', 'failed', '--yes')).toMatchObject({ changed: 2 });
  expect((await core.get(`/v1/jobs/${ids[0]}`)).status).toBe(404);
  const { id } = await core.add('mail', { queue: 'fast' });
  const waiting = core.ended(id);
  const { stdout } = await run(['queue', 'purge', 'fast', '--yes']);
  expect(stdout).toBe('1 job cancelled in fast\n');
  expect((await waiting).state).toBe('cancelled');
});

it('queue drain closes a queue, and waits until it is empty', async () => {
  const { id } = await core.add('mail', { queue: 'fast' });
  const left = await run(['queue', 'drain', 'fast']);
  expect(left.stdout).toBe('queue fast takes no more jobs and holds 1 unfinished jobs\n');
  const late = await run(['queue', 'drain', 'fast', '--wait', '--timeout', '10ms']);
  expect(late.exitCode).toBe(75);
  const waiting = run(['queue', 'drain', 'fast', '--wait']);
  await core.post(`/v1/jobs/${id}/cancel`);
  expect((await waiting).stdout).toBe('queue fast takes no more jobs and is empty\n');
});

describe('job import and job export', () => {
  const file = () => path.join(core.directory, 'jobs.ndjson');
  const write = (lines: readonly unknown[]) =>
    writeFileSync(
      file(),
      lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
    );
  const mails = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ type: 'mail', payload: { n } }));
  const counted = async () => (await core.get('/v1/jobs?limit=1000')).body.jobs.length;

  it('adds the jobs of a file, and no line twice however often it is run', async () => {
    write([...mails(25), '', { type: 'mail', uniqueKey: 'k' }, { type: 'mail', uniqueKey: 'k' }]);
    expect(await json('job', 'import', file(), '--chunk', '10')).toEqual({
      ...{ lines: 27, jobs: 27, duplicates: 1, repeated: 0 },
    });
    expect(await counted()).toBe(26);
    const again = await run(['job', 'import', file(), '--chunk', '10']);
    expect(again.stdout).toContain('imported 0 jobs');
    expect(again.stdout).toContain('26 were there already');
    expect(await counted()).toBe(26);
    await run(['job', 'import', file(), '--chunk', '10', '--import-id', 'once more']);
    expect(await counted()).toBe(51);
  });

  it('tells a broken line with its number and place, adds nothing of its chunk, and goes on from there', async () => {
    write([...mails(14), '{"type":"mail","payload":}', ...mails(10)]);
    const { exitCode, stderr } = await run(['job', 'import', file(), '--chunk', '5']);
    expect(exitCode).toBe(65);
    expect(stderr).toContain('Line 15 of');
    expect(stderr).toContain('expected a value at column 26');
    expect(stderr).toContain('--chunk 5 --from-line 11');
    expect(await counted()).toBe(10);
    write(mails(25));
    const rest = await json('job', 'import', file(), '--chunk', '5', '--from-line', '11');
    expect(rest).toMatchObject({ jobs: 15 });
    expect(await counted()).toBe(25);
  });

  it.each([
    ['{"type":"mail","prio":1}', 'Line 1 of', 'unknown field prio'],
    ['{"type":5}', 'Line 1 of', 'type expected text, got 5'],
    ['[]', 'Line 1 of', 'is no job'],
  ])('refuses %s', async (line, where, what) => {
    write([line]);
    for (const more of [[], ['--dry-run']]) {
      const { exitCode, stderr } = await run(['job', 'import', file(), ...more]);
      expect(exitCode).toBe(65);
      expect(stderr).toContain(where);
      expect(stderr).toContain(what);
    }
  });

  it('says where to go on when the daemon refuses a chunk', async () => {
    write([...mails(5), { type: 'nobody' }, ...mails(5)]);
    const { exitCode, stderr } = await run(['job', 'import', file(), '--chunk', '5']);
    expect(exitCode).toBe(65);
    expect(stderr).toContain('There is no job type nobody');
    expect(stderr).toContain('--from-line 6');
  });

  it('checks every line with --dry-run, and needs no daemon for it', async () => {
    write(mails(3));
    await core.sleep();
    const { stdout } = await run(['job', 'import', file(), '--dry-run']);
    expect(stdout).toContain('3 jobs, every line is right; nothing was added');
    await core.wake();
    expect(await counted()).toBe(0);
  });

  it('reads standard input', async () => {
    const stdin = `${JSON.stringify({ type: 'mail', payload: 'ünï' })}\r\n`;
    const { stdout } = await run(['job', 'import', '-'], { stdin });
    expect(stdout).toBe('imported 1 jobs\n');
    expect((await core.job('1')).payload).toBe('ünï');
  });

  it('a file that is not there, and one that is no text, are refused', async () => {
    expect((await run(['job', 'import', 'nowhere.ndjson'])).exitCode).toBe(66);
    writeFileSync(file(), Buffer.from([0x7b, 0xff, 0x7d]));
    const { stderr, exitCode } = await run(['job', 'import', file()]);
    expect([exitCode, stderr.includes('no UTF-8')]).toEqual([65, true]);
  });

  it('shows on a terminal how far it is', async () => {
    write(mails(3));
    const { exitCode, stdout } = await run(['job', 'import', file()], { spins: true });
    expect([exitCode, stdout]).toEqual([0, 'imported 3 jobs\n']);
  });

  it('what is exported can be imported as it is, with its place among others', async () => {
    const runAt = '2099-01-01T00:00:00.000Z';
    const more = { userId: 'ada', group: 'acme', retries: 7, timeoutMs: 5_000, priority: 3 };
    const requests = [
      { type: 'mail', payload: { n: 1 }, queue: 'fast', runAt, ...more },
      { type: 'scan', payload: null, queue: 'default', uniqueKey: 'k', ref: 'a' },
      { type: 'mail', payload: 2, queue: 'default', after: ['a'], onDependencyFailure: 'continue' },
    ];
    await core.post('/v1/jobs', requests);
    const { stdout } = await run(['job', 'export', '--output', file()]);
    expect(stdout).toBe(`exported 3 jobs to ${file()}\n`);
    const lines = readFileSync(file(), 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      requests[0],
      { ...requests[1], ref: 'job-2' },
      { ...requests[2], after: ['job-2'] },
    ]);
    expect((await run(['job', 'purge', '--queue', 'default', '-y'])).exitCode).toBe(0);
    expect(await json('job', 'import', file())).toMatchObject({ jobs: 3, duplicates: 0 });
    const copy = await core.job('6');
    expect(copy).toMatchObject({ state: 'waiting', waitsFor: 1, payload: 2 });
  });

  it('exports by a filter to standard output, more than a page', async () => {
    const many = Array.from({ length: 1_203 }, (_, n) => ({ type: 'mail', payload: n }));
    await core.post('/v1/jobs', many);
    await core.add('scan');
    const { stdout } = await run(['job', 'export', '--type', 'mail']);
    const payloads = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).payload);
    expect(payloads).toEqual(many.map(({ payload }) => payload));
  });

  it('exports ended ones where it is asked to, and overwrites nothing', async () => {
    await failed(1);
    expect((await run(['job', 'export', '-o', file()])).stdout).toContain('exported 0 jobs');
    const refused = await run(['job', 'export', '--state', 'failed', '-o', file()]);
    expect(refused.exitCode).toBe(73);
    expect(refused.stderr).toContain('is there already');
    expect(readFileSync(file(), 'utf8')).toBe('');
    expect(await json('job', 'export', '-o', 'other.ndjson')).toEqual({
      ...{ jobs: 0, file: path.join(core.directory, 'other.ndjson') },
    });
    const { stdout } = await run(['job', 'export', '--state', 'failed']);
    expect(JSON.parse(stdout)).toEqual({
      type: 'mail',
      payload: null,
      queue: 'default',
      retries: 0,
    });
  });

  it('leaves no half file behind', async () => {
    await core.sleep();
    expect((await run(['job', 'export', '-o', file()])).exitCode).toBe(69);
    expect(existsSync(file())).toBe(false);
  });

  it('leaves a file that was there alone, also where there is no daemon', async () => {
    await core.sleep();
    writeFileSync(file(), 'precious');
    expect((await run(['job', 'export', '-o', file()])).exitCode).toBe(73);
    expect(readFileSync(file(), 'utf8')).toBe('precious');
  });
});
