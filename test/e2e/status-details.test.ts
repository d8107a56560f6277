/** What an operator sees of a real service: its processes, and what any of them has logged, a core's death included. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { signal } from '../../src/process/process-identity.ts';
import { type Daemon, Site, until } from './daemon.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let site: Site;
let daemon: Daemon;
beforeAll(async () => {
  site = new Site('[api]\nport = 0\n');
  daemon = await site.up();
});
afterAll(() => site.dispose());

test('the status tells memory, queues and disk, and exits with 0 while all is well', async () => {
  const status = await site.json('status');
  const pids = status.processes.map(({ pid }: { pid: number }) => pid);
  expect(status.details.vitals.map(({ pid }: { pid: number }) => pid)).toEqual(pids);
  if (process.platform === 'linux') {
    for (const one of status.details.vitals) expect(one.residentBytes).toBeGreaterThan(1_000_000);
  }
  expect(status.details.runtime.pragmas.journal_mode).toBe('wal');
  expect(status.problems).toEqual(expect.any(Array));
});

test('a core that was killed is replaced, and the next one knows what was logged before it', async () => {
  signal(await daemon.pidOf('core'), 'SIGKILL');
  const troubles = async () => {
    // Asked while there is none: that is the point.
    const status = await site.api.status({ details: true }).catch(() => undefined);
    return status?.details?.troubles ?? [];
  };
  await until(
    async () => (await troubles()).some(({ role }) => role === 'supervisor'),
    'the new core is told what the supervisor logged of the former one',
    60_000,
  );
});
