/**
 * What the demo does and what must come of it. Pure data: nothing here starts anything.
 *
 * `queue` holds a job back until its queue is resumed: every job is added and attached to before the
 * first one runs, so that no event can come before its subscriber.
 */
import path from 'node:path';

const USER = '4064c2b2-0414-464a-97c6-4a47c325b9a3';

/** Hears of ends that name no user. */
export const DEFAULT_USER = 'demo-operator';

export const QUEUES = ['default', 'reports'];

export function planJobs({ root, output }) {
  const table = path.join(root, 'examples', 'data', 'seattle-weather.csv');
  const dataset = path.join(output, 'seattle-weather.jsonl');
  const report = path.join(output, 'seattle-weather-by-month.md');
  return [
    {
      key: 'import',
      type: 'import-csv',
      queue: 'default',
      payload: { file: table, output: dataset, dataset: 'seattle-weather' },
      ends: 'succeeded',
      attempts: 1,
      events: [
        { type: 'datasetUpdate', id: 'seattle-weather' },
        { type: 'uploadFile', id: 'seattle-weather.csv' },
      ],
      file: dataset,
    },
    {
      key: 'report',
      type: 'build-report',
      queue: 'reports',
      payload: { input: dataset, output: report, dataset: 'seattle-weather' },
      ends: 'succeeded',
      attempts: 1,
      events: [{ type: 'downloadFile', id: path.basename(report) }],
      file: report,
    },
    {
      key: 'archive',
      type: 'archive',
      queue: 'default',
      payload: {},
      ends: 'succeeded',
      attempts: 1,
      events: [],
      file: path.join(output, 'examples.tar.gz'),
    },
    {
      key: 'batch',
      type: 'insignia_background_processing',
      queue: 'default',
      userId: USER,
      payload: { requests: planRequests(24) },
      ends: 'succeeded',
      attempts: 1,
      events: [],
    },
    {
      key: 'export',
      type: 'flaky-export',
      queue: 'default',
      userId: USER,
      payload: {},
      ends: 'failed',
      attempts: 3,
      events: [],
    },
    {
      key: 'count',
      type: 'slow-count',
      queue: 'default',
      payload: { to: 200 },
      ends: 'cancelled',
      attempts: 1,
      events: [],
    },
  ];
}

function planRequests(count) {
  return Array.from({ length: count }, (_, index) => ({
    id: `request-${index + 1}`,
    body: `insignia ${index + 1} of ${count}`,
  }));
}
