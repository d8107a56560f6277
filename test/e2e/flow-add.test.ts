/** Flows and batches through a real service: handlers get what those before them came to. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Site } from './daemon.ts';

const site = new Site();

beforeAll(async () => {
  site.write(
    'jobs/collect.mjs',
    `export default {
  run: (_, { dependencies }) => ({
    ...dependencies,
    results: dependencies.results.map(({ ref, state, result, error }) => ({ ref, state, result, error })),
  }),
};`,
  );
  await site.up();
});
afterAll(() => site.dispose());

test('a diamond runs in its order, and the last one gets the results of both sides', async () => {
  const flow = site.write(
    'flow.json',
    JSON.stringify([
      { type: 'collect', ref: 'd', after: ['b', 'c'] },
      { type: 'echo', ref: 'c', payload: 'right', after: ['a'] },
      { type: 'echo', ref: 'b', payload: { side: 'left' }, after: ['a'] },
      { type: 'echo', ref: 'a' },
    ]),
  );
  const { exitCode, stdout, stderr } = await site.run(['flow', 'add', flow, '--wait', '--json']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const [d, c, b, a] = JSON.parse(stdout).jobs;
  expect(d).toMatchObject({
    state: 'succeeded',
    dependencies: { total: 2, unfinished: 0, succeeded: 2 },
    result: {
      ...{ total: 2, succeeded: 2, failed: 0, cancelled: 0 },
      results: [
        { ref: 'b', state: 'succeeded', result: { side: 'left' }, error: null },
        { ref: 'c', state: 'succeeded', result: 'right', error: null },
      ],
    },
  });
  expect(Date.parse(d.startedAt)).toBeGreaterThanOrEqual(Date.parse(b.endedAt));
  expect(Date.parse(c.startedAt)).toBeGreaterThanOrEqual(Date.parse(a.endedAt));
  expect((await site.run(['flow', 'show', d.id])).stdout).toBe(
    `job ${d.id} (collect) succeeded
depends on
├─ b: job ${b.id} (echo) succeeded
│  └─ a: job ${a.id} (echo) succeeded
└─ c: job ${c.id} (echo) succeeded
   └─ a: job ${a.id} (echo) succeeded, shown above
`,
  );
});

test('the callback of a batch runs after a failure, and knows of it', async () => {
  const { callback, jobs } = await site.api.addBatch({
    jobs: [
      { type: 'echo', payload: 1, ref: 'good' },
      { type: 'flaky', payload: { until: 9 }, retries: 0, ref: 'bad' },
    ],
    callback: { type: 'collect' },
  });
  expect(jobs).toHaveLength(2);
  expect((await site.api.wait(callback.id)).result).toEqual({
    ...{ total: 2, succeeded: 1, failed: 1, cancelled: 0 },
    results: [
      { ref: 'good', state: 'succeeded', result: 1, error: null },
      { ref: 'bad', state: 'failed', result: null, error: 'attempt 1 broke' },
    ],
  });
});

test('a flow whose first job fails is over at once, and runs whole after a retry', async () => {
  const flow = await site.api.addFlow([
    { type: 'flaky', ref: 'first', payload: { until: 2 }, retries: 0 },
    { type: 'collect', ref: 'second', after: ['first'] },
  ]);
  const second = flow.second?.id ?? '';
  expect(await site.api.wait(second)).toMatchObject({ state: 'failed', reason: 'dependency' });
  await site.run(['job', 'retry', flow.first?.id ?? '', '--dependents']);
  expect(await site.api.wait(second)).toMatchObject({
    state: 'succeeded',
    result: { succeeded: 1, results: [{ ref: 'first', result: 2 }] },
  });
});
