/** A command job through the real service: what it gets, what is kept of it, and how it is ended. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { identityOf, isAlive } from '../../src/process/process-identity.ts';
import { outcomes, Site, until } from './daemon.ts';

const site = new Site(`
[job:report]
command = /bin/sh report.sh
environment.GREETING = hello
retries = 0

[job:polite]
command = /bin/sh polite.sh

[job:stubborn]
command = /bin/sh stubborn.sh

[job:broken]
command = /bin/sh broken.sh
retries = 0
`);

beforeAll(async () => {
  site.write(
    'report.sh',
    `read payload
echo '::progress 1/2 half'
echo "working on $payload" >&2
echo '::event datasetUpdate from-command [1]'
echo "{\\"payload\\":$payload,\\"id\\":\\"$JOB_ID\\",\\"type\\":\\"$JOB_TYPE\\",\\"user\\":\\"$JOB_USER_ID\\",\\"greeting\\":\\"$GREETING\\",\\"mark\\":\\"$E2E_SITE\\"}"
`,
  );
  site.write('broken.sh', 'echo no paper >&2; exit 3');
  site.write(
    'polite.sh',
    `trap 'echo bye >> polite.trace; exit 0' TERM
sleep 100 & echo $! >> polite.trace; echo $$ >> polite.trace; wait`,
  );
  site.write(
    'stubborn.sh',
    `trap '' TERM
sh -c 'trap "" TERM; while :; do sleep 0.1; done' &
echo $! >> stubborn.trace; echo $$ >> stubborn.trace; while :; do sleep 0.1; done`,
  );
  await site.up();
});
afterAll(() => site.dispose());

test('gets its payload and the facts of the job, and its last JSON line is the result', async () => {
  const job = await site.json('job', 'add', 'report', '{"a":[1]}', '--user', 'ada', '--wait');
  expect(job.state).toBe('succeeded');
  expect(job.result).toEqual({
    payload: { a: [1] },
    id: job.id,
    type: 'report',
    user: 'ada',
    greeting: 'hello',
    // The daemon's own environment does not pass.
    mark: '',
  });
  const [attempt] = job.attempts;
  expect(attempt).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
  expect(attempt.cpuMs).toBeGreaterThanOrEqual(0);
  // Unknown when it was over before anybody looked; never nothing.
  expect(attempt.peakBytes).not.toBe(0);
  const { events } = await site.api.eventPage({ type: 'datasetUpdate' });
  expect(events).toMatchObject([{ id: 'from-command', data: [1] }]);
  const told = await site.api.eventPage({ type: 'job', id: job.id });
  expect(told.events.flatMap(({ data }) => data)).toContainEqual(
    expect.objectContaining({
      state: 'running',
      progress: { fraction: 0.5, done: 1, total: 2, message: 'half' },
    }),
  );
  const { lines } = await site.api.logs(job.id);
  expect(lines.map(({ level, line }) => `${level} ${line}`)).toContain(
    'stderr working on {"a":[1]}',
  );
});

test('that exits with another code has failed with that code and the end of its errors', async () => {
  const { exitCode, stdout } = await site.run(['job', 'add', 'broken', '--wait', '--json']);
  expect(exitCode).toBe(1);
  const job = JSON.parse(stdout);
  expect(job).toMatchObject({ state: 'failed', attempts: [{ outcome: 'error', exitCode: 3 }] });
  expect(job.error.message).toContain('no paper');
});

test('that is cancelled gets SIGTERM and may clean up, its children with it', async () => {
  const { id } = await site.api.add('polite');
  const [child, shell] = await pids('polite.trace');
  await site.run(['job', 'cancel', id]);
  expect(await site.api.wait(id)).toMatchObject({ state: 'cancelled' });
  expect(site.lines('polite.trace').at(-1)).toBe('bye');
  expect([child, shell].map((one) => one && isAlive(one))).toEqual([false, false]);
});

test('that ignores SIGTERM is killed after its grace, grandchildren included', async () => {
  const { id } = await site.api.add('stubborn');
  const [child, shell] = await pids('stubborn.trace');
  const askedMono = performance.now();
  await site.api.cancel(id);
  const job = await site.api.wait(id);
  const tookMs = performance.now() - askedMono;
  expect(outcomes(job)).toEqual(['cancelled']);
  expect(tookMs).toBeGreaterThan(4_500);
  expect(tookMs).toBeLessThan(9_000);
  expect([child, shell].map((one) => one && isAlive(one))).toEqual([false, false]);
  // Its executor had nothing to do with it, and goes on.
  expect(await site.json('job', 'add', 'echo', '1', '--wait')).toMatchObject({
    state: 'succeeded',
  });
  expect((await site.api.status()).processes.every(({ restarts }) => restarts === 0)).toBe(true);
});

async function pids(file: string) {
  await until(() => site.lines(file).length >= 2, 'the command runs');
  return site
    .lines(file)
    .slice(0, 2)
    .map((line) => identityOf(Number(line)));
}
