/** The `run` message: text that is copied as it is stored. */
import { expect, it } from 'vitest';
import { renderRun } from '../../src/core/run-message.ts';
import type { ClaimedJob } from '../../src/queue/job.ts';

const claimed = (id: string, more: Partial<ClaimedJob> = {}): ClaimedJob => ({
  ...{ id, attempt: 1, type: 'mail', queue: 'default', payload: '{"n":1}', userId: null },
  ...{ group: null, durability: 'disk', dependencies: null, createdAt: 5, retries: null },
  ...{ timeoutMs: null, failures: 0, isPutOff: false },
  ...more,
});

it('carries payload and dependencies as they are stored', () => {
  const dependencies = '{"total":1,"succeeded":1,"failed":0,"cancelled":0,"results":[]}';
  const jobs = [claimed('1'), claimed('2', { dependencies })];
  const [text = '', ...more] = renderRun(jobs, [{ timeoutMs: 7 }]);
  expect(more).toEqual([]);
  const { kind, attempts } = JSON.parse(text);
  expect(kind).toBe('run');
  expect(attempts).toMatchObject([
    { id: '1', payload: { n: 1 }, timeoutMs: 7 },
    { id: '2', timeoutMs: 0, dependencies: { total: 1, results: [] } },
  ]);
  expect(attempts[0]).not.toHaveProperty('dependencies');
});

it('carries the trace of a job, where it belongs to one', () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const [text = ''] = renderRun([claimed('1', { traceparent }), claimed('2')], []);
  const { attempts } = JSON.parse(text);
  expect(attempts[0]).toMatchObject({ traceparent });
  expect(attempts[1]).not.toHaveProperty('traceparent');
});

it('names type and queue of each, whatever the job before it was', () => {
  const jobs = [
    claimed('1'),
    claimed('2', { type: 'sc"an' }),
    claimed('3', { type: 'sc"an', queue: 'slow' }),
    claimed('4'),
  ];
  const { attempts } = JSON.parse(renderRun(jobs, [])[0] ?? '');
  expect(attempts).toMatchObject([
    { id: '1', type: 'mail', queue: 'default' },
    { id: '2', type: 'sc"an', queue: 'default' },
    { id: '3', type: 'sc"an', queue: 'slow' },
    { id: '4', type: 'mail', queue: 'default' },
  ]);
});

it('is several messages where one would be too long, each job whole in one of them', () => {
  const payload = JSON.stringify('x'.repeat(1_000));
  const jobs = ['1', '2', '3', '4', '5'].map((id) => claimed(id, { payload }));
  const messages = renderRun(jobs, [], 2_500).map((text) => JSON.parse(text));
  expect(
    messages.map(({ attempts }) => attempts.map(({ id }: { readonly id: string }) => id)),
  ).toEqual([['1', '2'], ['3', '4'], ['5']]);
  expect(renderRun(jobs, [], 10)).toHaveLength(5);
});
