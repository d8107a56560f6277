/** A status with all of its details, of a service that is well. */
import type { QueueView, StatusDetails, StatusView } from '../../../src/protocol/status.ts';

export const NOW = Date.parse('2026-11-22T10:00:00.000Z');

export function queue(name: string, more: Partial<QueueView> = {}): QueueView {
  return {
    ...{ name, mode: 'open', paused: false, oldest: null },
    jobs: { waiting: 0, scheduled: 0, queued: 0, running: 0, retrying: 0 },
    throughput: { lastMinute: 0, lastFiveMinutes: 0 },
    ...more,
  };
}

export const DETAILS: StatusDetails = {
  queues: [queue('default')],
  cursors: [{ name: 'report', position: '90', lag: 10 }],
  disk: { databaseBytes: 4_096, walBytes: 0, freeBytes: 50e9, totalBytes: 100e9 },
  vitals: [{ pid: 11, residentBytes: 64 * 1_048_576, cpuSeconds: 12.34 }],
  delivered: 0,
  troubles: [],
  runtime: { node: '20.20.0', sqlite: '3.53.1', pragmas: { journal_mode: 'wal', synchronous: 2 } },
};

export const WELL: StatusView = {
  ...{ ready: true, version: '0.1.0', dataDirectory: '/data', dead: 0, oldest: null },
  startedAt: '2026-11-22T09:00:00.000Z',
  processes: [
    { role: 'core', pid: 11, state: 'ready', restarts: 0, since: '2026-11-22T09:00:00.000Z' },
  ],
  jobs: {
    ...{ waiting: 0, scheduled: 0, queued: 0, running: 0, retrying: 0 },
    ...{ succeeded: 10, failed: 0, cancelled: 0 },
  },
  executors: { total: 1, ready: 1, slots: 10, running: 0 },
  report: {
    ...{ state: 'connected', url: 'http://127.0.0.1:9', pending: 0, cursor: '90' },
    ...{ acknowledge: 'auto', reported: 4, lastError: null, counts: {} },
  },
  gateway: { address: '0.0.0.0', port: 8081, path: '/ws' },
  subscribers: {
    ...{ gateways: 1, silent: 0, connections: 3, room: 900 },
    ...{ refused: 0, subscriptions: 5, lag: 0 },
  },
  log: { epoch: 'e', top: '100', oldest: '1' },
  details: DETAILS,
};
