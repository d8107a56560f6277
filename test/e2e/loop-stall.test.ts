/** Event loops of the core and of a gateway that stand still: found, with the place, and ended when it takes too long. */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type TestContext, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type Daemon, Site } from './daemon.ts';

vi.setConfig({ testTimeout: 120_000 });

const FIXTURE = pathToFileURL(path.resolve(import.meta.dirname, 'fixtures/stall.mjs')).href;

/** A daemon that has something to do, so that somebody watches over it. */
async function working({ onTestFinished }: TestContext, more: Record<string, string> = {}) {
  const site = new Site();
  onTestFinished(() => site.dispose());
  const stalls = site.path('stalls');
  mkdirSync(stalls);
  // First of all at the end: a loop that stands still does not stop in order.
  onTestFinished(() => rmSync(stalls, { recursive: true, force: true }));
  const env = { NODE_OPTIONS: `--import=${FIXTURE}`, STALL_DIRECTORY: stalls, ...more };
  const daemon = await site.up(['up'], { env });
  await site.api.wait((await site.api.add('echo')).id);
  const { gateway } = await daemon.status();
  const client = new WebSocket(`ws://127.0.0.1:${gateway?.port}${gateway?.path}`);
  client.on('error', () => undefined);
  onTestFinished(() => client.terminate());
  await new Promise((resolve) => client.once('open', resolve));
  return { site, daemon };
}

const found = (daemon: Daemon, process: string) =>
  daemon.log.find(
    (line) =>
      line.msg === 'event loop stands still' && line.process === process && line.stack !== '',
  );

test.concurrent('a stalled core and a stalled gateway are named in the log with the function that holds them up, and may go on', async (context) => {
  const { expect } = context;
  const { site, daemon } = await working(context);
  const before = await Promise.all([daemon.pidOf('core'), daemon.pidOf('gateway')]);
  for (const role of ['core', 'gateway']) site.write(`stalls/${role}`, '');
  for (const [index, role] of ['core', 'gateway'].entries()) {
    await expect.poll(() => found(daemon, role), { timeout: 60_000 }).toBeDefined();
    const { stack, stalledMs, pid } = found(daemon, role);
    expect(stack).toContain('standStill');
    expect(stack).toContain('stall.mjs');
    expect(stalledMs).toBeGreaterThanOrEqual(5_000);
    expect(pid).toBe(before[index]);
    rmSync(site.path(`stalls/${role}`));
  }
  const turning = () => daemon.log.filter(({ msg }) => msg === 'event loop turns again');
  await expect.poll(() => turning().length, { timeout: 30_000 }).toBe(2);
  expect(await site.api.wait((await site.api.add('echo')).id)).toMatchObject({
    state: 'succeeded',
  });
  expect(await Promise.all([daemon.pidOf('core'), daemon.pidOf('gateway')])).toEqual(before);
});

test.concurrent('a core that stands still for longer than stallTimeout is ended, and another goes on with what was accepted', async (context) => {
  const { expect } = context;
  const { site, daemon } = await working(context, {
    TASKBELL_DAEMON_STALLTIMEOUT: '10s',
  });
  const { id } = await site.api.add('echo', { n: 1 }, { delayMs: 600_000 });
  const former = await daemon.pidOf('core');
  site.write('stalls/core', '');
  const ended = () =>
    daemon.log.find(({ msg }) => msg.startsWith('event loop stood still for too'));
  await expect.poll(ended, { timeout: 60_000 }).toMatchObject({ process: 'core', pid: former });
  rmSync(site.path('stalls/core'));
  await expect
    .poll(() => daemon.pidOf('core').catch(() => former), { timeout: 30_000 })
    .not.toBe(former);
  expect(await site.api.get(id)).toMatchObject({ state: 'scheduled' });
});
