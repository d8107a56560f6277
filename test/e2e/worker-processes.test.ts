/** Executor processes: what one handler does to its process must not become its neighbours' trouble. */
import { afterEach, expect, test, vi } from 'vitest';
import { outcomes, Site, until } from './daemon.ts';

// A loop is given 10 s beyond its limit before its process is ended.
vi.setConfig({ testTimeout: 120_000 });

let site: Site;
afterEach(() => site.dispose());

const TRACE = `import { appendFileSync } from 'node:fs';
const trace = (line) => appendFileSync('run.trace', line + '\\n');
`;

function started(id: string, attempt: number, withinMs = 30_000): Promise<void> {
  const fits = (line: string) => line.startsWith(`start ${id} ${attempt} `);
  return until(() => site.lines('gate.trace').some(fits), `attempt ${attempt} of ${id}`, withinMs);
}

test('a handler stuck in a loop times out, with the place in its error, and its neighbour is returned uncharged', async () => {
  site = new Site();
  site.write(
    'jobs/spin.mjs',
    `export default { retries: 0, async run() { await null; spinForEver(); } };
function spinForEver() { for (let n = 0; ; n += 1) Math.sqrt(n); }`,
  );
  const daemon = await site.up();
  const neighbour = await site.api.add('gate', { file: 'open' });
  await started(neighbour.id, 1);
  const stuck = await site.api.add('spin', null, { timeoutMs: 3_000 });
  const job = await site.api.wait(stuck.id, { timeoutMs: 60_000 });
  expect(job).toMatchObject({ state: 'failed', reason: 'timeout', attempt: 1 });
  expect(job.error?.message).toMatch(/blocked the event loop at spinForEver .*spin\.mjs:2:/);
  expect(job.error?.stack).toContain(`attempt 1 of job ${stuck.id}`);
  const blocked = await daemon.line(/^a handler blocks/);
  expect(blocked).toMatchObject({ job: stuck.id, type: 'spin' });
  expect(blocked.stack).toContain('spinForEver');
  await started(neighbour.id, 2);
  site.write('open', '');
  expect(outcomes(await site.api.wait(neighbour.id))).toEqual(['interrupted', 'succeeded']);
});

test('isolated attempts leave, loop and fault at their own cost alone', async () => {
  site = new Site(`[job:wild]\nisolate = process\nretries = 0\n`);
  site.write(
    'jobs/wild.mjs',
    `${TRACE}export default async function run(how, ctx) {
  trace(how + ' ' + process.pid);
  ctx.log('began');
  if (how === 'exit') process.exit(1);
  if (how === 'loop') for (;;);
  if (how === 'fault') setImmediate(() => { throw new RangeError('nobody listens'); });
  if (how === 'fault') await new Promise(() => {});
  ctx.progress(0.5);
  ctx.emit({ type: 'datasetUpdate', id: 'd1', data: [how] });
  return { how, attempt: ctx.attempt };
}`,
  );
  const daemon = await site.up();
  const executor = await daemon.pidOf('executor');
  const neighbour = await site.api.add('gate', { file: 'open' });
  await started(neighbour.id, 1);
  const ids = await Promise.all(
    ['fine', 'exit', 'fault', 'loop'].map(async (how) => {
      const more = how === 'loop' ? { timeoutMs: 500 } : {};
      return (await site.api.add('wild', how, more)).id;
    }),
  );
  const [fine, exit, fault, loop] = await Promise.all(ids.map((id) => site.api.wait(id)));
  expect(fine).toMatchObject({ state: 'succeeded', result: { how: 'fine', attempt: 1 } });
  expect(fine?.attempts[0]?.cpuMs).toBeGreaterThan(0);
  expect(fine?.attempts[0]?.peakBytes).toBeGreaterThan(0);
  expect(exit).toMatchObject({ state: 'failed', reason: 'crash' });
  expect(exit && outcomes(exit)).toEqual(['crash']);
  expect(exit?.error?.message).toContain('exited with code 1');
  expect(fault).toMatchObject({ state: 'failed', reason: 'crash' });
  expect(fault?.error?.message).toContain('nobody listens');
  expect(loop).toMatchObject({ state: 'failed', reason: 'timeout', attempt: 1 });
  expect((await site.api.logs(ids[0] ?? '')).lines.map(({ line }) => line)).toEqual(['began']);
  expect((await site.api.eventPage({ type: 'datasetUpdate' })).events).toHaveLength(1);
  expect(await daemon.pidOf('executor')).toBe(executor);
  expect(new Set(site.lines('run.trace')).size).toBe(4);
  site.write('open', '');
  expect(outcomes(await site.api.wait(neighbour.id))).toEqual(['succeeded']);
});

test('what isolated attempts said last is heard, however many end at once', async () => {
  site = new Site('[job:wild]\nisolate = process\nretries = 0\n');
  site.write(
    'jobs/wild.mjs',
    `export default async function run(n) {
  setImmediate(() => { throw new RangeError('nobody listens to ' + n); });
  await new Promise(() => {});
}`,
  );
  await site.up();
  const said = Array.from({ length: 10 }, async (_, n) => {
    const { id } = await site.api.add('wild', n);
    return (await site.api.wait(id, { timeoutMs: 60_000 })).error?.message;
  });
  const heard = Array.from({ length: 10 }, (_, n) => expect.stringContaining(`listens to ${n}`));
  expect(await Promise.all(said)).toEqual(heard);
});

test('a type with processes of its own runs there and nowhere else', async () => {
  site = new Site(`[worker]\nprocesses = 1\n[job:where]\nprocesses = 2\n`);
  site.write('jobs/where.mjs', 'export default () => process.pid;');
  site.write('jobs/other.mjs', 'export default () => process.pid;');
  await site.up();
  const workers = await site.api.workers();
  const own = workers.filter(({ only }) => only === 'where');
  expect(own.map(({ types }) => types)).toEqual([['where'], ['where']]);
  const shared = workers.filter(({ only }) => only === null);
  expect(shared).toHaveLength(1);
  expect(shared[0]?.types).toContain('other');
  expect(shared[0]?.types).not.toContain('where');
  const run = async (type: string) => {
    const { id } = await site.api.add(type);
    return (await site.api.wait(id)).result;
  };
  expect(own.map(({ pid }) => pid)).toContain(await run('where'));
  expect(await run('other')).toBe(shared[0]?.pid);
});

test('an executor that has grown beyond its memory limit is ended and named', async () => {
  site = new Site(`[worker]\nmemoryLimit = 300MiB\n`);
  site.write(
    'jobs/grow.mjs',
    `const kept = [];
export default { retries: 0, async run() {
  for (;;) { kept.push(Buffer.alloc(16 * 1024 * 1024, 1)); await new Promise((r) => setTimeout(r, 20)); }
} };`,
  );
  await site.up();
  const { id } = await site.api.add('grow');
  const job = await site.api.wait(id, { timeoutMs: 60_000 });
  expect(job).toMatchObject({ state: 'failed', reason: 'crash' });
  expect(outcomes(job)).toEqual(['crash', 'crash', 'crash']);
  expect(job.error?.message).toMatch(/had grown to \d+ bytes, beyond memoryLimit/);
});

test('executors that have run maxJobs attempts are replaced, and nothing is interrupted', async () => {
  site = new Site(`[worker]\nmaxJobs = 10\nconcurrency = 4\n`);
  site.write('jobs/pid.mjs', 'export default () => process.pid;');
  const daemon = await site.up();
  const first = await daemon.pidOf('executor');
  const pids = new Set<number>();
  await until(
    async () => {
      const { id } = await site.api.add('pid');
      const job = await site.api.wait(id);
      expect(outcomes(job)).toEqual(['succeeded']);
      pids.add(job.result as number);
      return pids.size >= 3;
    },
    'a third process',
    60_000,
  );
  expect(pids).toContain(first);
  const executors = (await daemon.status()).processes.filter(({ role }) => role === 'executor');
  expect(executors.map(({ restarts }) => restarts)).toEqual(executors.map(() => 0));
});
