import { expect, it } from 'vitest';
import { parseLoopReport } from '../../src/process/loop-report.ts';

it('reads what the thread writes', () => {
  const stalled = { kind: 'stalled', stalledMs: 5_000, stack: '' };
  const turning = { kind: 'turning', stalledMs: 9_000 };
  expect(parseLoopReport(JSON.stringify(stalled))).toEqual(stalled);
  expect(parseLoopReport(JSON.stringify(turning))).toEqual(turning);
});

it.each([
  '',
  '{"kind":"stalled","stalledMs":5000,"sta',
  '{"kind":"stalled","stalledMs":5000}',
  '{"kind":"stalled","stalledMs":"long","stack":""}',
  '{"kind":"gone","stalledMs":1}',
])('takes %j for no report', (line) => {
  expect(parseLoopReport(line)).toBeUndefined();
});
