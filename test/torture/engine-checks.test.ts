import { describe, expect, it } from 'vitest';
import { checkEvidence } from './checker.ts';
import {
  checkCharges,
  checkConcurrency,
  checkHooks,
  checkRate,
  checkSchedules,
  checkUnique,
} from './engine-checks.ts';
import type { Evidence, FlowJob, StoredAttempt, StoredJob, StoredRow } from './evidence.ts';
import { checkFlows } from './flow-checks.ts';
import { parseJournal } from './journal.ts';

const NOTHING: Evidence = {
  ...{ attempted: [], accepted: [], flows: [], refusals: [], told: [], jobs: [], attempts: [] },
  ...{ schedules: [], log: [], journal: [], receipts: [], unacknowledged: [], hookCalls: [] },
  ...{ followers: [], contradictions: [], survivors: [], troubles: [] },
};

function evidence(change: Partial<Evidence>): Evidence {
  return { ...NOTHING, ...change };
}

function job(id: number, change: Partial<StoredJob> = {}): StoredJob {
  return {
    ...{ id: String(id), type: 'work', queue: 'default', group: null, n: id, uniqueKey: null },
    ...{ state: 'succeeded', reason: null, finished: true, attempt: 1, retries: null },
    ...{ createdAt: 1_000, resultN: id, emits: 0, ...change },
  };
}

function attempt(id: number, change: Partial<StoredAttempt> = {}): StoredAttempt {
  const times = { startedAt: 1_000, endedAt: 1_050 };
  return { id: String(id), attempt: 1, outcome: 'succeeded', ...times, ...change };
}

/** `3 end cancelled`: a row of job 3 for each of them, in this order. */
function log(...rows: readonly string[]): readonly StoredRow[] {
  return rows.map((text, index) => {
    const [id = '', kind, state = ''] = text.split(' ');
    return { seq: index + 1, prev: null, type: 'job', id, kind: kind as 'end' | 'state', state };
  });
}

function journal(...lines: readonly string[]) {
  return parseJournal(
    lines.map((line) => `${line} 50 50`.replace(/^(hit.*) 50 50$/, '$1')).join('\n'),
  );
}

describe('limits', () => {
  const limited = (id: number, group: string | null) =>
    job(id, { type: 'limited', queue: 'narrow', group });

  it('finds more attempts of a type at once than it may have', () => {
    const jobs = [1, 2, 3, 4].map((id) => limited(id, null));
    const starts = jobs.map(({ id }) => `start ${id} 1`);
    const ends = jobs.map(({ id }) => `end ${id} 1`);
    const together = checkConcurrency(evidence({ jobs, journal: journal(...starts, ...ends) }));
    expect(together.violations).toEqual(['type limited: 1/1, 2/1, 3/1, 4/1 ran']);
    const after = journal(...starts.slice(0, 3), ...ends.slice(0, 3), 'start 4 1', 'end 4 1');
    expect(checkConcurrency(evidence({ jobs, journal: after })).violations).toEqual([]);
  });

  it('finds two attempts of one group at once, but not of two groups', () => {
    const lines = journal('start 1 1', 'start 2 1', 'beat 1 1', 'end 2 1', 'end 1 1');
    const same = [limited(1, 'a'), limited(2, 'a')];
    expect(checkConcurrency(evidence({ jobs: same, journal: lines })).violations).toHaveLength(1);
    const other = [limited(1, 'a'), limited(2, 'b')];
    expect(checkConcurrency(evidence({ jobs: other, journal: lines })).violations).toEqual([]);
  });

  it('counts an attempt that was killed until its last sign of life', () => {
    const jobs = [limited(1, 'a'), limited(2, 'a')];
    const killed = journal('start 1 1', 'beat 1 1', 'hit 50', 'start 2 1', 'end 2 1');
    expect(checkConcurrency(evidence({ jobs, journal: killed })).violations).toEqual([]);
    const alive = journal('start 1 1', 'start 2 1', 'beat 1 1', 'end 2 1');
    expect(checkConcurrency(evidence({ jobs, journal: alive })).violations).toHaveLength(1);
  });

  it('knows jobs whose records are gone by what was accepted', () => {
    const add = { n: 1, type: 'limited', queue: 'narrow', group: 'a', uniqueKey: null };
    const found = checkConcurrency(
      evidence({
        attempted: [{ ...add, replaceable: false }],
        accepted: [{ n: 1, id: '1', duplicate: false }],
        jobs: [limited(2, 'a')],
        journal: journal('start 1 1', 'start 2 1', 'end 1 1', 'end 2 1'),
      }),
    );
    expect(found.violations).toHaveLength(1);
  });

  it('finds a start that no token was there for', () => {
    const jobs = Array.from({ length: 12 }, (_, index) => job(index + 1, { queue: 'rated' }));
    const at = (startedAt: (index: number) => number) =>
      jobs.map(({ id }, index) => attempt(Number(id), { startedAt: startedAt(index) }));
    const burst = at((index) => (index < 10 ? 1_000 : 1_000 + (index - 9) * 100));
    expect(checkRate(evidence({ jobs, attempts: burst })).violations).toEqual([]);
    const fast = at((index) => (index < 10 ? 1_000 : 1_000 + (index - 9) * 90));
    expect(checkRate(evidence({ jobs, attempts: fast })).violations).toHaveLength(2);
  });
});

describe('unique keys', () => {
  const keyed = (id: number, n: number) => job(id, { type: 'again', uniqueKey: 'k', n });

  it('finds two unfinished jobs of one key', () => {
    const jobs = [keyed(1, 1), keyed(2, 2)];
    const apart = log('1 state queued', '1 end succeeded', '2 state queued', '2 end succeeded');
    expect(checkUnique(evidence({ jobs, log: apart })).violations).toEqual([]);
    const twins = log('1 state queued', '2 state queued', '1 end succeeded', '2 end succeeded');
    expect(checkUnique(evidence({ jobs, log: twins })).violations).not.toEqual([]);
  });

  it('finds an add that was to run again and that nothing stands for', () => {
    const add = { type: 'again', queue: null, group: null, uniqueKey: 'k', replaceable: true };
    const accepted = [{ n: 5, id: '1', duplicate: true }];
    const asked = { attempted: [{ ...add, n: 5 }], accepted };
    expect(checkUnique(evidence({ ...asked, jobs: [keyed(1, 6)] })).violations).toEqual([]);
    expect(checkUnique(evidence({ ...asked, jobs: [keyed(1, 4)] })).violations).toHaveLength(1);
    const gone = { ...asked, jobs: [], log: log('1 state queued', '1 end cancelled') };
    expect(checkUnique(evidence(gone)).violations).toEqual([]);
    const lost = { ...asked, jobs: [], log: log('1 state queued', '1 end succeeded') };
    expect(checkUnique(evidence(lost)).violations).toHaveLength(1);
  });
});

describe('flows', () => {
  const flows: readonly FlowJob[] = [
    { id: '1', after: [], policy: 'fail' },
    { id: '2', after: ['1'], policy: 'fail' },
  ];
  const GOOD_LOG = ['1 state queued', '2 state waiting', '1 end succeeded', '2 state queued'];

  it('finds a job that began or was released before the one that it waits for had ended', () => {
    const good = { flows, log: log(...GOOD_LOG, '2 end succeeded') };
    const inOrder = journal('start 1 1', 'end 1 1', 'start 2 1', 'end 2 1');
    expect(checkFlows(evidence({ ...good, journal: inOrder })).violations).toEqual([]);
    const mixed = journal('start 1 1', 'start 2 1', 'end 1 1', 'end 2 1');
    expect(checkFlows(evidence({ ...good, journal: mixed })).violations).toHaveLength(1);
    const early = log('1 state queued', '2 state queued', '1 end succeeded', '2 end succeeded');
    const found = checkFlows(evidence({ flows, log: early, journal: inOrder }));
    expect(found.violations).toHaveLength(1);
  });

  it('finds a job that ran or ended otherwise although one before it had failed', () => {
    const failed = ['1 state queued', '2 state waiting', '1 end failed'];
    const fine = evidence({ flows, log: log(...failed, '2 end failed') });
    expect(checkFlows(fine).violations).toEqual([]);
    const ran = { ...fine, journal: journal('start 2 1', 'end 2 1') };
    expect(checkFlows(ran).violations).toHaveLength(1);
    const well = evidence({ flows, log: log(...failed, '2 end succeeded') });
    expect(checkFlows(well).violations).toHaveLength(1);
    const goesOn = flows.map((each) => ({ ...each, policy: 'continue' as const }));
    expect(checkFlows({ ...well, flows: goesOn }).violations).toEqual([]);
  });
});

describe('schedules', () => {
  const ticks = (...createdAt: readonly number[]) =>
    createdAt.map((at, index) => job(index + 1, { type: 'tick', n: null, createdAt: at }));
  const solo = { name: 'solo', createdAt: 1_000, cursor: 1_000 };
  const schedules = [{ name: 'tick', createdAt: 1_000, cursor: 4_000 }, solo];

  it('finds a run that was lost, one that came twice, and one that came early', () => {
    const found = (...createdAt: readonly number[]) =>
      checkSchedules(evidence({ schedules, jobs: ticks(...createdAt) })).violations;
    expect(found(2_000, 3_100, 4_000)).toEqual([]);
    expect(found(2_000, 4_000)).toHaveLength(1);
    expect(found(2_000, 3_000, 4_000, 4_000)).toContain('schedule tick had 3 runs, its jobs are 4');
    expect(found(2_000, 2_900, 4_000)).toEqual(['run 2 of schedule tick came before its time']);
  });

  it('finds a schedule that is gone', () => {
    expect(checkSchedules(evidence({ schedules: [solo] })).violations).toHaveLength(1);
  });
});

describe('web hooks', () => {
  const call = { id: '1', attempt: 1, webhookId: 'job_1', isSigned: true, answered: 200 };
  const jobs = [job(1, { type: 'hook' })];
  const found = (...hookCalls: Evidence['hookCalls']) =>
    checkHooks(evidence({ jobs, hookCalls })).violations;

  it('finds another id, a missing signature, an attempt that called twice, and a success without a good answer', () => {
    expect(found(call)).toEqual([]);
    expect(found({ ...call, webhookId: 'job_2' })).toHaveLength(1);
    expect(found({ ...call, isSigned: false })).toHaveLength(1);
    expect(found(call, call)).toEqual(['attempt 1 of job 1 called twice']);
    expect(found({ ...call, answered: 500 })).toHaveLength(1);
    expect(found()).toHaveLength(1);
  });
});

describe('what attempts are charged with', () => {
  const found = (change: Partial<Evidence>) => checkCharges(evidence(change)).violations;

  it('finds a crash and an error that nothing explains', () => {
    const jobs = [job(1)];
    const crashed = { jobs, attempts: [attempt(1, { outcome: 'crash' })] };
    expect(found({ ...crashed, journal: journal('start 1 1', 'hit 50') })).toEqual([]);
    expect(found({ ...crashed, journal: journal('start 1 1', 'end 1 1') })).toHaveLength(1);
    const erred = { jobs, attempts: [attempt(1, { outcome: 'error' })] };
    expect(found({ ...erred, journal: journal('start 1 1', 'fail 1 1') })).toEqual([]);
    expect(found({ ...erred, journal: journal('start 1 1', 'stop 1 1') })).toHaveLength(1);
    const hookCall = { id: '1', attempt: 1, webhookId: 'job_1', isSigned: true };
    expect(found({ ...erred, hookCalls: [{ ...hookCall, answered: 500 }] })).toEqual([]);
    expect(found({ ...erred, hookCalls: [{ ...hookCall, answered: 200 }] })).toHaveLength(1);
    expect(found({ jobs, attempts: [attempt(1, { outcome: 'timeout' })] })).toHaveLength(1);
    const words = '{"name":"CommandError","message":"command was ended by SIGKILL"}';
    const speechless = { jobs, attempts: [attempt(1, { outcome: 'error', error: words })] };
    expect(found(speechless)).toEqual([]);
    const spoke = { ...speechless, journal: journal('start 1 1') };
    expect(found(spoke)).toHaveLength(1);
  });

  it('finds a job that failed before its retries were used up', () => {
    const failed = job(1, { type: 'patient', state: 'failed', reason: 'exhausted', retries: 1 });
    const lines = journal('start 1 1', 'fail 1 1', 'start 1 2', 'fail 1 2');
    const attempts = (first: string) => [
      attempt(1, { outcome: first }),
      attempt(1, { attempt: 2, outcome: 'error', startedAt: 2_000, endedAt: 2_050 }),
    ];
    expect(found({ jobs: [failed], journal: lines, attempts: attempts('error') })).toEqual([]);
    const snoozed = { jobs: [failed], journal: lines, attempts: attempts('snoozed') };
    expect(found(snoozed)).toHaveLength(1);
    const retried = log('1 end failed', '1 state queued', '1 end failed');
    expect(found({ ...snoozed, log: retried })).toEqual([]);
  });

  it('finds an attempt that began before the pause was over', () => {
    const jobs = [job(1, { type: 'patient', attempt: 2 })];
    const lines = journal('start 1 1', 'fail 1 1', 'start 1 2', 'end 1 2');
    const next = (startedAt: number) => [
      attempt(1, { outcome: 'snoozed', endedAt: 1_050 }),
      attempt(1, { attempt: 2, startedAt, endedAt: startedAt + 10 }),
    ];
    expect(found({ jobs, journal: lines, attempts: next(1_350) })).toEqual([]);
    expect(found({ jobs, journal: lines, attempts: next(1_349) })).toHaveLength(1);
  });
});

describe('what retention leaves', () => {
  const broken = (change: Partial<Evidence>) =>
    checkEvidence(
      evidence({
        schedules: ['tick', 'solo'].map((name) => ({ name, createdAt: 1, cursor: 1 })),
        ...change,
      }),
    )
      .flatMap(({ name, violations }) => (violations.length > 0 ? [name] : []))
      // Nobody received a report in these.
      .filter((name) => name !== 'unreported' && name !== 'chain');
  const add = { n: 1, type: 'work', queue: null, group: null, uniqueKey: null, replaceable: false };
  const asked = { attempted: [add], accepted: [{ n: 1, id: '1', duplicate: false }] };

  it('takes a cancelled job for removed, and any other for lost', () => {
    expect(broken({ ...asked, log: log('1 state queued', '1 end cancelled') })).toEqual([]);
    expect(broken({ ...asked, log: log('1 state queued', '1 end succeeded') })).toEqual([
      'lost',
      'half',
    ]);
  });

  it('finds what does not fit together in the database', () => {
    expect(broken({ contradictions: ['attempts has rows of job 7, which is gone'] })).toEqual([
      'database',
    ]);
  });

  it('allows a second end only to a job that was retried', () => {
    const jobs = [job(1)];
    const retried = log('1 state queued', '1 end failed', '1 state queued', '1 end succeeded');
    const run = { ...asked, jobs, journal: journal('start 1 1', 'end 1 1') };
    expect(broken({ ...run, log: retried })).toEqual([]);
    expect(
      broken({ ...run, log: log('1 state queued', '1 end failed', '1 end succeeded') }),
    ).toEqual(['half']);
  });
});
