/** The demo's verdict: each thing that did not arrive is named, and only then does it fail. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';

interface PlannedJob {
  readonly id: string;
  readonly type: string;
  readonly ends: string;
  readonly attempts: number;
  readonly events: readonly { readonly type: string; readonly id: string }[];
  readonly file?: string;
}

interface Ledger {
  addReport(report: unknown): void;
  addEvent(event: unknown): void;
}

interface Summary {
  findMissing(facts: {
    readonly planned: readonly PlannedJob[];
    readonly views: ReadonlyMap<string, { readonly state: string; readonly attempt: number }>;
    readonly ledger: Ledger;
    readonly fileSizes: ReadonlyMap<string, number>;
  }): readonly string[];
  isComplete(planned: readonly PlannedJob[], ledger: Ledger): boolean;
}

const demo = path.resolve(import.meta.dirname, '../../scripts/demo');
const load = async (name: string): Promise<unknown> =>
  import(pathToFileURL(path.join(demo, name)).href);
const { findMissing, isComplete } = (await load('summary.mjs')) as Summary;
const { Ledger } = (await load('ledger.mjs')) as { readonly Ledger: new () => Ledger };
const { quoteCommand } = (await load('narration.mjs')) as {
  readonly quoteCommand: (words: readonly string[]) => string;
};

const job: PlannedJob = {
  id: '7',
  type: 'import-csv',
  ends: 'succeeded',
  attempts: 1,
  events: [{ type: 'uploadFile', id: 'table.csv' }],
  file: '/out/table.jsonl',
};
const planned = [job];
const views = new Map([['7', { state: 'succeeded', attempt: 1 }]]);
const fileSizes = new Map([['7', 10]]);

const finish = { message: { message: 'Task Finish', payload: { jobId: '7' } } };
const jobEnd = { type: 'job', id: '7', data: [{ state: 'succeeded' }] };
const upload = { type: 'uploadFile', id: 'table.csv', data: [] };

function ledgerOf(reports: readonly unknown[], events: readonly unknown[]): Ledger {
  const ledger = new Ledger();
  for (const report of reports) ledger.addReport(report);
  for (const event of events) ledger.addEvent(event);
  return ledger;
}

describe('the demo', () => {
  it('misses nothing when the report, the end and the event arrived', () => {
    const ledger = ledgerOf([finish], [jobEnd, upload]);
    expect(findMissing({ planned, views, ledger, fileSizes })).toEqual([]);
    expect(isComplete(planned, ledger)).toBe(true);
  });

  it.each([
    ['the report', [], [jobEnd, upload], 'the service has not received Task Finish'],
    ['the end', [finish], [upload], 'the subscriber has not received job 7'],
    ['an event', [finish], [jobEnd], 'the subscriber has not received uploadFile table.csv'],
  ])('names %s when it did not arrive', (_, reports, events, sentence) => {
    const ledger = ledgerOf(reports, events);
    const missing = findMissing({ planned, views, ledger, fileSizes });
    expect(missing).toEqual([`job 7 (import-csv): ${sentence}`]);
    expect(isComplete(planned, ledger)).toBe(false);
  });

  it('names a wrong state, a wrong number of attempts and a file that was not written', () => {
    const ledger = ledgerOf([finish], [jobEnd, upload]);
    const wrong = new Map([['7', { state: 'failed', attempt: 2 }]]);
    const facts = { planned, views: wrong, ledger, fileSizes: new Map([['7', 0]]) };
    expect(findMissing(facts)).toHaveLength(3);
  });

  it('prints commands that a shell takes as they stand', () => {
    const words = ['node', '/a b/taskbell.js', '{"to":20}', "it's"];
    expect(quoteCommand(words)).toBe(`node '/a b/taskbell.js' '{"to":20}' 'it'\\''s'`);
  });
});
