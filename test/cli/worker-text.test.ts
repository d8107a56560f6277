import { expect, test } from 'vitest';
import { describeWorkers } from '../../src/cli/worker-text.ts';
import type { WorkerView } from '../../src/client/client.ts';

const NOW = Date.parse('2026-11-22T10:00:00Z');
const WORKER: WorkerView = {
  ...{ executor: 'x-1', pid: 4711, supervisorPid: 4700, startedAt: '2026-11-22T09:58:55Z' },
  ...{ state: 'ready', only: null, types: ['mail', 'resize'], problems: [], queues: [] },
  ...{ slots: 10, running: 2, done: 77, residentBytes: 100 * 1_048_576 },
};
const plain = (text: string) => text;

test('executors are rows, and handlers that could not be loaded stand below', () => {
  const lines = describeWorkers(
    [
      WORKER,
      { ...WORKER, pid: 4712, only: 'scan', types: ['scan'], state: 'quiet' },
      {
        ...{ ...WORKER, pid: null, startedAt: null, residentBytes: null, state: 'away' },
        types: ['a', 'b', 'c', 'd', 'e'],
        problems: [{ type: 'f', problem: 'f.mjs: SyntaxError' }],
      },
    ],
    plain,
    NOW,
  );
  expect(lines).toEqual([
    'PID   UPTIME     RUNNING  SLOTS  DONE  MEMORY   TYPES         STATE',
    '4711  1 min 5 s  2        10     77    100 MiB  mail,resize   ready',
    '4712  1 min 5 s  2        10     77    100 MiB  scan only     quiet',
    '-     -          2        10     77    -        a,b,c,d… (5)  away',
    '-: f.mjs: SyntaxError',
  ]);
});
