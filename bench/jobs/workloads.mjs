/** The workloads by name, in the order in which they run. Those with `own` start Taskbell themselves, and nobody else. */
import { hasStrace } from '../harness/slow-fsync.mjs';
import { add64, addBulk, addOne } from './workloads/adding.mjs';
import { backlog } from './workloads/own/backlog.mjs';
import { eventLatency } from './workloads/own/event-latency.mjs';
import { idle } from './workloads/own/idle.mjs';
import { pickup } from './workloads/waiting.mjs';
import { drain, mixed } from './workloads/working.mjs';

const slow = {
  once: true,
  slowFsyncMs: 2,
  contenders: ['taskbell', 'bullmq-always', 'graphile-worker'],
  missing: () =>
    hasStrace() ? undefined : 'strace is not on the PATH: install it to measure with slow fsyncs',
};

export const WORKLOADS = [
  { name: 'add', title: 'add, one at a time', unit: 'rate', run: addOne },
  { name: 'add64', title: 'add, 64 in flight', unit: 'rate', run: add64 },
  { name: 'bulk', title: 'bulk add', unit: 'rate', run: addBulk },
  { name: 'drain', title: 'drain', unit: 'rate', run: drain },
  { name: 'mixed', title: '64 producers while it works', unit: 'rate', run: mixed },
  { name: 'pickup', title: 'pickup', unit: 'latency', run: pickup },
  {
    name: 'slow-add64',
    title: 'add, 64 in flight, fsync 2 ms slower',
    unit: 'rate',
    run: add64,
    ...slow,
  },
  { name: 'slow-drain', title: 'drain, fsync 2 ms slower', unit: 'rate', run: drain, ...slow },
  {
    name: 'event',
    title: 'add to WebSocket message',
    unit: 'latency',
    own: true,
    run: eventLatency,
  },
  { name: 'idle', title: 'idle', unit: 'facts', own: true, once: true, run: idle },
  {
    name: 'backlog',
    title: 'a million waiting, a million finished',
    unit: 'facts',
    own: true,
    once: true,
    run: backlog,
  },
];

export function chosenWorkloads(names) {
  if (names === undefined) return WORKLOADS;
  const unknown = names.find((name) => !WORKLOADS.some((each) => each.name === name));
  if (unknown !== undefined) {
    throw new Error(
      `There is no workload "${unknown}": expected ${WORKLOADS.map(({ name }) => name).join(', ')}.`,
    );
  }
  return WORKLOADS.filter(({ name }) => names.includes(name));
}
