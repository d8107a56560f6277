/** A handler that always takes its executor down: its type is held back, and the others go on. */
import { afterEach, expect, test, vi } from 'vitest';
import { Site, until } from './daemon.ts';

// Executors are restarted with growing pauses until the type is told from the others.
vi.setConfig({ testTimeout: 180_000 });

let site: Site;
afterEach(() => site.dispose());

const HEALTHY = 200;
const DYING = 20;

test('jobs whose handler always exits wait while those of another type all end, and executors are not restarted without end', async () => {
  site = new Site('[worker]\nprocesses = 2\nconcurrency = 4\n');
  site.write('jobs/exit.mjs', 'export default () => process.exit(1);');
  const daemon = await site.up();
  const some = (type: string, count: number) =>
    site.api.addMany(Array.from({ length: count }, (_, n) => ({ type, payload: n })));
  const healthy: string[] = [];
  const dying: string[] = [];
  for (let n = 0; n < 10; n += 1) {
    healthy.push(...(await some('echo', HEALTHY / 10)).map(({ id }) => id));
    dying.push(...(await some('exit', DYING / 10)).map(({ id }) => id));
  }
  const ended = Promise.all(healthy.map((id) => site.api.wait(id)));
  await until(
    async () =>
      (await site.api.status()).degradedTypes?.some(({ type }) => type === 'exit') ?? false,
    'the type is degraded',
    90_000,
  );
  const jobs = await ended;
  expect(jobs.filter(({ state }) => state !== 'succeeded')).toEqual([]);
  // No more than the supervisor's bound for each place.
  const restarts = (await site.api.status()).processes.map((process) => process.restarts);
  expect(Math.max(...restarts)).toBeLessThanOrEqual(10);
  expect(await daemon.line(/^job type is degraded/)).toMatchObject({
    type: 'exit',
    deaths: expect.any(Number),
  });
  const all = await Promise.all(dying.map((id) => site.api.get(id)));
  const waiting = all.filter(({ state }) => state === 'queued');
  // Each is there, either quarantined or not charged with anything but what it did.
  expect(all.filter(({ state, reason }) => state === 'failed' && reason !== 'crash')).toEqual([]);
  expect(waiting.length).toBeGreaterThan(0);
  const why = await site.json('job', 'why', waiting.at(-1)?.id ?? '');
  expect(why.reasons).toContainEqual(
    expect.objectContaining({
      code: 'type-degraded',
      facts: expect.objectContaining({ type: 'exit' }),
    }),
  );
  expect((await site.run(['status'])).stdout).toMatch(/type exit is degraded.*→ /s);
  const { id } = await site.api.add('echo', 'still here');
  expect(await site.api.wait(id)).toMatchObject({ state: 'succeeded', attempt: 1 });
});
