/** The commands of schedules against a real core. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AwakeCore } from '../core/awake-core.ts';
import { type CommandRun, runCommand } from './run-command.ts';

const CONFIGURED = '[schedule:backup]\nevery = 10d\njob = mail\n';

let core: AwakeCore;
beforeAll(async () => {
  core = new AwakeCore(CONFIGURED);
  core.knowType('mail');
  await core.wake();
});
afterAll(() => core.dispose());

function run(...argv: readonly string[]): Promise<CommandRun> {
  return runCommand(['--socket', core.socketPath, 'schedule', ...argv], { cwd: core.directory });
}

const json = async (...argv: readonly string[]) => {
  const { exitCode, stdout, stderr } = await run(...argv, '--json');
  expect([exitCode, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
};

test('add passes every option on, and show, list and remove tell of it', async () => {
  const options =
    '-z Europe/Berlin --dst-gap skip --dst-overlap both --jitter 30s -j mail -q fast -p 5 -u ada ' +
    '--missed all --missed-limit 7 --overlap queue';
  const added = await json(
    ...['add', 'news', '--cron', '0 12 29 2 *', '--payload', '{"a":1}', ...options.split(' ')],
  );
  expect(added).toMatchObject({
    ...{ name: 'news', source: 'api', cron: '0 12 29 2 *', timezone: 'Europe/Berlin' },
    ...{ dstGap: 'skip', dstOverlap: 'both', jitterMs: 30_000, job: 'mail', payload: { a: 1 } },
    ...{ queue: 'fast', priority: 5, userId: 'ada', missed: 'all', missedLimit: 7 },
    ...{ overlap: 'queue', lastJob: null },
  });
  expect(await json('show', 'news')).toEqual(added);
  const { schedules } = await json('list');
  expect(schedules.map(({ name }: { name: string }) => name)).toEqual(['backup', 'news']);
  expect((await run('show', 'news')).stdout).toContain('times     0 12 29 2 * Europe/Berlin');
  const list = (await run('list')).stdout.split('\n');
  expect(list[0]).toMatch(/^SCHEDULE +TIMES +JOB +STATE +NEXT RUN +LAST RUN +LAST JOB$/);
  expect(list[1]).toMatch(/^backup +every 10d +mail +on +20\S+Z +- +-$/);
  expect(await json('remove', 'news')).toEqual({ name: 'news', removed: true });
});

test('run adds the job now, which list shows as the last one', async () => {
  const { id } = await json('run', 'backup');
  expect((await run('list')).stdout).toContain(`${id} queued`);
  expect((await run('show', 'backup')).stdout).toContain(`last job  ${id} queued`);
});

test('pause and resume hold a schedule of the configuration, which cannot be removed', async () => {
  expect((await run('pause', 'backup')).stdout).toBe('schedule backup is paused\n');
  expect((await json('show', 'backup')).nextRun).toBeNull();
  expect((await json('resume', 'backup')).nextRun).toMatch(/Z$/);
  const refused = await run('remove', 'backup');
  expect(refused).toMatchObject({ exitCode: 65, stdout: '' });
  expect(refused.stderr).toContain('(E_CONFLICT)');
  expect(refused.stderr).toContain('taskbell schedule pause backup');
});

test('preview prints the next runs with the reason for each shift', async () => {
  const times = ['--cron', '30 2 * * *', '--timezone', 'Europe/Berlin', '-n', '2'];
  const after = ['--after', '2026-03-28T00:00:00Z'];
  expect((await run('preview', ...times, ...after)).stdout).toBe(
    [
      'LOCAL TIME                  UTC                       SHIFTED',
      '2026-03-28 02:30:00 +01:00  2026-03-28T01:30:00.000Z  -',
      '2026-03-29 03:00:00 +02:00  2026-03-29T01:00:00.000Z  gap (2026-03-29 02:30:00): the clock jumps from 02:00:00 to 03:00:00',
      '',
    ].join('\n'),
  );
  expect((await json('preview', 'backup')).runs).toHaveLength(10);
  expect((await json('preview', '--every', '1h', '-n', '3')).runs).toHaveLength(3);
});

test.each([
  [['preview'], 64, 'E_USAGE'],
  [['preview', 'backup', '--cron', '* * * * *'], 64, 'E_USAGE'],
  [['preview', '--cron', '0 0 30 2 *'], 65, 'E_INVALID_REQUEST'],
  [['add', 'x', '--cron', '0 0 30 2 *', '-j', 'mail'], 65, 'E_INVALID_REQUEST'],
  [['add', 'x', '--every', '1h'], 64, 'E_USAGE'],
  [['add', 'x', '--every', '1h', '-j', 'mial'], 65, 'E_UNKNOWN_TYPE'],
  [['add', 'x', '--every', '1h', '-j', 'mail', '--overlap', 'maybe'], 64, 'E_USAGE'],
  [['add', 'x', '--every', '1h', '-j', 'mail', '--payload', '{a}'], 65, 'E_INVALID_JSON'],
  [['show', 'none'], 66, 'E_NOT_FOUND'],
])('%j is refused with exit code %i', async (argv, exitCode, code) => {
  const refused = await run(...argv, '--json');
  expect(refused).toMatchObject({ exitCode, stdout: '' });
  expect(JSON.parse(refused.stderr).error.code).toBe(code);
});
