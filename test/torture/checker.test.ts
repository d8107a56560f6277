import { describe, expect, it } from 'vitest';
import { checkEvidence } from './checker.ts';
import type { Evidence, Receipt, StoredJob, StoredRow } from './evidence.ts';
import { parseJournal } from './journal.ts';

/** Job 1 succeeded after its executor 50 was killed, job 2 failed after two attempts that said so. */
const JOURNAL = [
  'start 1 1 50 50',
  'beat 1 1 50 50',
  'start 2 1 51 60',
  'beat 2 1 51 60',
  'hit 50',
  'fail 2 1 51 60',
  'start 1 2 51 51',
  'beat 1 2 51 51',
  'end 1 2 51 51',
  'told 1',
  'start 2 2 51 61',
  'fail 2 2 51 61',
  'told 2',
];

const STORED = { queue: 'default', group: null, reason: null, retries: null, createdAt: 1_000 };
const JOB_1: StoredJob = {
  ...STORED,
  type: 'work',
  ...{ id: '1', n: 7, uniqueKey: 'key', state: 'succeeded', finished: true },
  ...{ attempt: 2, resultN: 7, emits: 1 },
};
const JOB_2: StoredJob = {
  ...STORED,
  ...{ type: 'flaky', reason: 'exhausted', retries: 1 },
  ...{ id: '2', n: 8, uniqueKey: null, state: 'failed', finished: true },
  ...{ attempt: 2, resultN: null, emits: 3 },
};

const LOG: readonly StoredRow[] = [
  { seq: 1, prev: null, type: 'job', id: '1', kind: 'state', state: 'queued' },
  { seq: 2, prev: null, type: 'job', id: '2', kind: 'state', state: 'queued' },
  { seq: 4, prev: null, type: 'datasetUpdate', id: 'n7', kind: 'event', state: null },
  { seq: 5, prev: 1, type: 'job', id: '1', kind: 'end', state: 'succeeded' },
  { seq: 6, prev: 2, type: 'job', id: '2', kind: 'end', state: 'failed' },
];

const RECEIPTS: readonly Receipt[] = [
  { seq: 5, jobId: '1', success: true, knownCursor: 0 },
  { seq: 5, jobId: '1', success: true, knownCursor: 4 },
  { seq: 6, jobId: '2', success: false, knownCursor: 5 },
];

const ASKED = { type: 'work', queue: null, group: null, uniqueKey: null, replaceable: false };
const GOOD: Evidence = {
  attempted: [
    { ...ASKED, n: 7, uniqueKey: 'key' },
    { ...ASKED, n: 8, type: 'flaky' },
    { ...ASKED, n: 9, uniqueKey: 'key' },
    { ...ASKED, n: 10 },
  ],
  accepted: [
    { n: 7, id: '1', duplicate: false },
    { n: 8, id: '2', duplicate: false },
    { n: 9, id: '1', duplicate: true },
  ],
  refusals: [],
  told: [
    { id: '1', seq: 5, state: 'succeeded', by: 'steady' },
    { id: '2', seq: 6, state: 'failed', by: 'steady' },
  ],
  jobs: [JOB_1, JOB_2],
  log: LOG,
  journal: parseJournal(`${JOURNAL.join('\n')}\n`),
  receipts: RECEIPTS,
  unacknowledged: [1],
  followers: [
    {
      name: 'steady',
      from: 1,
      seen: LOG.slice(1).map(({ seq, prev }) => ({ seq, prev })),
      gaps: 0,
    },
  ],
  ...{ flows: [], hookCalls: [], contradictions: [], survivors: [], troubles: [] },
  attempts: [
    { id: '1', attempt: 1, outcome: 'crash', startedAt: 1_000, endedAt: 1_050 },
    { id: '1', attempt: 2, outcome: 'succeeded', startedAt: 1_100, endedAt: 1_150 },
    { id: '2', attempt: 1, outcome: 'error', startedAt: 1_000, endedAt: 1_050 },
    { id: '2', attempt: 2, outcome: 'error', startedAt: 1_100, endedAt: 1_150 },
  ],
  schedules: ['tick', 'solo'].map((name) => ({ name, createdAt: 1_000, cursor: 1_000 })),
};

function broken(change: Partial<Evidence>): readonly string[] {
  return checkEvidence({ ...GOOD, ...change }).flatMap(({ name, violations }) =>
    violations.length > 0 ? [name] : [],
  );
}

/** The journal with one line put in after another. */
function journalWith(line: string, after: string): Evidence['journal'] {
  const at = JOURNAL.indexOf(after) + 1;
  return parseJournal([...JOURNAL.slice(0, at), line, ...JOURNAL.slice(at)].join('\n'));
}

function journalWithout(...lines: readonly string[]): Evidence['journal'] {
  return parseJournal(JOURNAL.filter((line) => !lines.includes(line)).join('\n'));
}

function seenBy(seqs: readonly number[], gaps = 0): Pick<Evidence, 'followers'> {
  const seen = seqs.flatMap((seq) => LOG.filter((row) => row.seq === seq));
  return { followers: [{ name: 'steady', from: 1, seen, gaps }] };
}

describe('the checker of the crash tests', () => {
  it('finds nothing wrong in a run in which everything was kept', () => {
    expect(broken({})).toEqual([]);
  });

  it('finds a job that was accepted and is gone', () => {
    const accepted = [...GOOD.accepted, { n: 10, id: '3', duplicate: false }];
    expect(broken({ accepted })).toEqual(['lost']);
  });

  it('finds a job that was accepted under the id of another one', () => {
    const accepted = [...GOOD.accepted, { n: 10, id: '2', duplicate: false }];
    expect(broken({ accepted })).toEqual(['lost']);
  });

  it('finds a unique key that was answered with a job of another key', () => {
    const accepted = [...GOOD.accepted, { n: 9, id: '2', duplicate: true }];
    expect(broken({ accepted })).toEqual(['lost']);
  });

  it('finds a job that nobody asked for, and one that exists twice', () => {
    expect(broken({ attempted: GOOD.attempted.slice(1) })).toContain('unexpected');
    const jobs = [JOB_1, { ...JOB_2, n: 7, emits: 0 }];
    expect(broken({ jobs })).toContain('unexpected');
  });

  it('finds a good request that was refused', () => {
    expect(broken({ refusals: ['n 10: E_INTERNAL'] })).toEqual(['refusals']);
  });

  it('finds an end that was told and is not on record, and a job that never ended', () => {
    const told = [...GOOD.told, { id: '2', seq: 6, state: 'succeeded', by: 'steady' }];
    expect(broken({ told })).toEqual(['lost end']);
    const jobs = [JOB_1, { ...JOB_2, state: 'running', finished: false }];
    expect(broken({ jobs, told: GOOD.told.slice(0, 1) })).toContain('lost end');
  });

  it('finds an ended row without its log row, and the reverse', () => {
    expect(broken({ log: LOG.filter(({ seq }) => seq !== 6) })).toContain('half');
    const jobs = [JOB_1, { ...JOB_2, state: 'running', finished: false }];
    expect(broken({ jobs })).toContain('half');
    expect(broken({ jobs: [JOB_1] })).toContain('half');
  });

  it('finds a log that says something else than the row', () => {
    expect(broken({ jobs: [JOB_1, { ...JOB_2, state: 'cancelled' }] })).toContain('half');
  });

  it('finds an end that lost the events of its handler, and events without a success', () => {
    expect(broken({ log: LOG.filter(({ kind }) => kind !== 'event') })).toContain('half');
    const event = { ...{ seq: 7, prev: null, type: 'uploadFile', id: 'n8' }, state: null };
    expect(broken({ log: [...LOG, { ...event, kind: 'event' }] })).toContain('half');
  });

  it('finds a success that never ran to its end', () => {
    expect(broken({ journal: journalWithout('end 1 2 51 51') })).toEqual(['hollow']);
    expect(broken({ jobs: [{ ...JOB_1, resultN: null }, JOB_2] })).toEqual(['hollow']);
  });

  it('finds an attempt that began after the one that the row ended with', () => {
    expect(broken({ jobs: [{ ...JOB_1, attempt: 1 }, JOB_2] })).toContain('hollow');
  });

  it('finds a broken chain of one topic', () => {
    const log = LOG.map((row) => (row.seq === 6 ? { ...row, prev: 1 } : row));
    expect(broken({ log })).toContain('chain');
  });

  it('finds an end that was never reported, and a report of the wrong end', () => {
    expect(broken({ receipts: RECEIPTS.slice(0, 2) })).toEqual(['unreported']);
    const wrong = { seq: 6, jobId: '2', success: true, knownCursor: 5 };
    expect(broken({ receipts: [...RECEIPTS.slice(0, 2), wrong] })).toEqual(['unreported']);
    const invented = { seq: 9, jobId: '2', success: true, knownCursor: 5 };
    expect(broken({ receipts: [...RECEIPTS, invented] })).toEqual(['unreported']);
  });

  it('finds reports that came out of order', () => {
    expect(broken({ receipts: [...RECEIPTS].reverse() })).toContain('order');
  });

  it('finds an attempt that lived when the next one had begun', () => {
    const journal = journalWith('beat 1 1 50 50', 'start 1 2 51 51');
    expect(broken({ journal })).toEqual(['overlap']);
  });

  it('finds one attempt that began twice', () => {
    const journal = journalWith('start 2 2 51 61', 'start 2 2 51 61');
    expect(broken({ journal })).toContain('overlap');
  });

  it('finds a job that ran again although nothing had hit it', () => {
    expect(broken({ journal: journalWithout('hit 50') })).toContain('re-runs');
    expect(broken({ journal: journalWithout('fail 2 1 51 60') })).toContain('re-runs');
  });

  it('does not take a hit that came after the end was told for a reason to run again', () => {
    const journal = parseJournal(
      'start 1 1 50 50\nend 1 1 50 50\ntold 1\nhit 50\nstart 1 2 51 51\n',
    );
    expect(broken({ journal })).toContain('re-runs');
  });

  it('finds a job that began again after its cancel was answered', () => {
    expect(broken({ journal: journalWith('cancel 2', 'beat 2 1 51 60') })).toEqual([]);
    expect(broken({ journal: parseJournal(`cancel 2\n${JOURNAL.join('\n')}`) })).toEqual([
      'uncancelled',
    ]);
  });

  it('finds a report that came again behind the cursor, and more repeats than can be explained', () => {
    const late = { seq: 5, jobId: '1', success: true, knownCursor: 5 };
    const receipts = [...RECEIPTS, late];
    expect(broken({ receipts, unacknowledged: [2] })).toEqual(['repeats']);
    expect(broken({ unacknowledged: [] })).toEqual(['repeats']);
  });

  it('finds what a follower missed, saw twice, saw in another order or saw without it being there', () => {
    expect(broken(seenBy([2, 4, 6]))).toEqual(['missed']);
    expect(broken(seenBy([2, 4, 4, 5, 6]))).toEqual(['missed']);
    expect(broken(seenBy([2, 5, 4, 6]))).toEqual(['missed']);
    expect(broken(seenBy([2, 4, 5, 6], 1))).toEqual(['missed']);
    const followers = GOOD.followers.map(({ seen, ...rest }) => ({
      ...rest,
      seen: [...seen, { seq: 9, prev: null }],
    }));
    expect(broken({ followers })).toEqual(['missed']);
  });

  it('finds survivors and troubles', () => {
    expect(broken({ survivors: ['handler 77'] })).toEqual(['survivors']);
    expect(broken({ troubles: ['exit code 70'] })).toEqual(['service']);
  });
});
