/** A daemon with nothing to do: nobody wakes it, and what holds it up all the same is found. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type TestContext, test, vi } from 'vitest';
import { type Daemon, Site } from './daemon.ts';

vi.setConfig({ testTimeout: 120_000 });

/**
 * Of one test: they wait most of the time, and do it together. So each takes `expect` from its own context, since
 * what is global belongs to whichever test began or ended last.
 */
function newSite({ onTestFinished }: TestContext): Site {
  const site = new Site();
  onTestFinished(() => site.dispose());
  return site;
}

const WINDOW_MS = 5_000;
/** In a window; whatever comes once a second has more. The gateway's server looks once, for late handshakes. */
const MOST_WAKES = 4;

/** How often the main thread of a process has waited so far (proc(5)). */
function waits(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
}

/** The most that any process of the daemon woke in a window from now on. */
async function wakes(daemon: Daemon): Promise<number> {
  const { processes } = await daemon.status();
  const pids = processes.flatMap(({ pid }) => (pid === null ? [] : [pid]));
  // What has answered the question goes to sleep once more.
  await delay(500);
  const before = pids.map(waits);
  await delay(WINDOW_MS);
  return Math.max(...pids.map((pid, index) => waits(pid) - (before[index] ?? 0)));
}

test.concurrent('nothing in a daemon wakes up once a second, before its first job and after it (needs Linux: /proc)', async (context) => {
  const { expect } = context;
  const site = newSite(context);
  site.write('jobs/short.mjs', 'export default () => 1;');
  const daemon = await site.up();
  // Right after some work V8 collects garbage a few times: a window without it comes.
  const settled = { timeout: 50_000, interval: 0 };
  await expect.poll(() => wakes(daemon), settled).toBeLessThanOrEqual(MOST_WAKES);
  const { id } = await site.api.add('short');
  await site.api.wait(id);
  await expect.poll(() => wakes(daemon), settled).toBeLessThanOrEqual(MOST_WAKES);
});

test.concurrent('a timer that the first job has left behind is found when it holds up the idle executor', async (context) => {
  const { expect } = context;
  const site = newSite(context);
  site.write(
    'jobs/leave.mjs',
    `export default () => { setTimeout(spinForEver, 100); };
function spinForEver() { for (let n = 0; ; n += 1) Math.sqrt(n); }`,
  );
  const daemon = await site.up();
  const { id } = await site.api.add('leave');
  expect(await site.api.wait(id)).toMatchObject({ state: 'succeeded' });
  const report = () => daemon.log.find((line) => line.msg.startsWith('a handler blocks'));
  await expect.poll(report, { timeout: 60_000 }).toBeDefined();
  expect(report().stack).toContain('spinForEver');
  expect((await site.api.workers()).map(({ state }) => state)).toEqual(['blocked']);
});

test.concurrent('a loop that the first job holds up is found, although the thread that looks starts with it', async (context) => {
  const { expect } = context;
  const site = newSite(context);
  site.write('jobs/spin.mjs', 'export default { retries: 0, run() { for (;;); } };');
  const daemon = await site.up();
  const { id } = await site.api.add('spin', null, { timeoutMs: 1_000 });
  expect(await site.api.wait(id, { timeoutMs: 60_000 })).toMatchObject({ reason: 'timeout' });
  const report = await daemon.line(/^a handler blocks/);
  expect(report).toMatchObject({ job: id, type: 'spin' });
  expect(report.stack).toContain('spin.mjs:1:');
});
