/** Every reason that `job why` knows, from facts alone. */
import { describe, expect, it } from 'vitest';
import { WHY_CODES, type WhyCode, type WhyReason } from '../../src/protocol/why.ts';
import { type WhyFacts, whyOf } from '../../src/queue/why.ts';
import type { ExecutorFact } from '../../src/queue/why-executors.ts';

const NOW = Date.UTC(2026, 10, 22, 10, 0, 0);
const T = '2026-11-22T10:00:00.000Z';

const JOB: WhyFacts['job'] = {
  ...{ id: '7', type: 'mail', queue: 'default', state: 'queued', reason: null, group: null },
  ...{ attempt: 0, failures: 0, crashes: 0, runAt: null, startedAt: null, endedAt: null },
  ...{ cancelRequested: false, progress: null },
};

const NONE = { n: 0, isMore: false };

const READY: ExecutorFact = {
  ...{ pid: 41, state: 'ready', offers: true, problem: null, serves: true, queues: [] },
  ...{ slots: 2, running: [], suspect: null },
};

function facts(job: Partial<WhyFacts['job']> = {}, over: Partial<WhyFacts> = {}): WhyFacts {
  return {
    ...{ now: NOW, job: { ...JOB, ...job }, lastAttempt: null, maxAttempts: 4, timeoutMs: 0 },
    ...{
      pid: null,
      isPaused: false,
      degraded: null,
      dependencies: { some: [], total: 0 },
      limits: [],
    },
    ...{ executors: [READY], ahead: NONE, turnsBefore: NONE, ...over },
  };
}

function why(job: Partial<WhyFacts['job']> = {}, over: Partial<WhyFacts> = {}) {
  return whyOf(facts(job, over));
}

const said = new Set<WhyCode>();

/** The only reason. */
function only(reasons: readonly WhyReason[]): WhyReason {
  for (const { code } of reasons) said.add(code);
  expect(reasons.map(({ code }) => code)).toHaveLength(1);
  return reasons[0] as WhyReason;
}

describe('a job that waits for nothing more', () => {
  it('has ended: how, when and after what', () => {
    const job = { state: 'failed', reason: 'exhausted', attempt: 4, endedAt: NOW } as const;
    const lastAttempt = { attempt: 4, outcome: 'error', error: 'no route\n at x' };
    expect(only(why(job, { lastAttempt }))).toEqual({
      code: 'finished',
      text: `it has ended: failed (exhausted) at ${T}, after 4 attempts: no route`,
      facts: {
        ...{ state: 'failed', reason: 'exhausted', endedAt: T, attempts: 4 },
        error: 'no route\n at x',
      },
    });
  });

  it('was cancelled before it began', () => {
    expect(only(why({ state: 'cancelled', endedAt: NOW })).text).toContain('without a start');
  });

  it('runs: where, since when, until when at most, and what it says of itself', () => {
    const job = { state: 'running', attempt: 2, startedAt: NOW - 3_000 } as const;
    const progress = { fraction: 0.4, message: 'reading rows' };
    const reason = only(why({ ...job, progress }, { pid: 41, timeoutMs: 10_000 }));
    expect(reason.text).toBe(
      'attempt 2 runs in executor 41 since 2026-11-22T09:59:57.000Z, for 3 s, until 2026-11-22T10:00:07.000Z at the latest: reading rows',
    );
    expect(reason).toMatchObject({ code: 'running', facts: { pid: 41, progress } });
  });

  it('was told to stop and still runs', () => {
    const reasons = why({ state: 'running', attempt: 1, startedAt: NOW, cancelRequested: true });
    expect(reasons.map(({ code }) => code)).toEqual(['running', 'cancelling']);
    said.add('cancelling');
  });

  it('is next when nothing holds it', () => {
    expect(only(why())).toEqual({ code: 'next', text: 'nothing holds it: it is next', facts: {} });
  });
});

describe('a job whose time has not come', () => {
  it('says when it runs, and how long that is', () => {
    const reason = only(why({ state: 'scheduled', runAt: NOW + 125_000 }));
    expect(reason).toMatchObject({ code: 'delayed', facts: { runAt: '2026-11-22T10:02:05.000Z' } });
    expect(reason.text).toContain('in 2 min 5 s');
  });

  it('retries: what failed, when the next attempt is, how many are left', () => {
    const lastAttempt = { attempt: 1, outcome: 'error', error: 'boom' };
    const job = { state: 'retrying', attempt: 1, failures: 1, runAt: NOW + 400 } as const;
    const reason = only(why(job, { lastAttempt }));
    expect(reason.text).toBe(
      'attempt 1 failed with "boom"; the next attempt is at 2026-11-22T10:00:00.400Z, in 400 ms (3 of 4 left)',
    );
    expect(reason).toMatchObject({ code: 'retrying', facts: { left: 3, outcome: 'error' } });
  });

  it('was put off by its own handler', () => {
    const lastAttempt = { attempt: 1, outcome: 'snoozed', error: null };
    const job = { state: 'retrying', attempt: 1, runAt: NOW + 400 } as const;
    expect(only(why(job, { lastAttempt })).text).toContain('asked to be called again later');
  });

  it('waits for other jobs, some of them named and the rest counted', () => {
    const some = [
      { id: '3', type: 'scan', state: 'running', startedAt: NOW },
      { id: '4', type: null, state: 'queued', startedAt: null },
    ] as const;
    const reason = only(why({ state: 'waiting' }, { dependencies: { some, total: 5 } }));
    expect(reason).toMatchObject({ code: 'dependencies', facts: { unfinished: 5 } });
    expect(reason.text).toBe(
      `it waits for 5 jobs: 3 (scan) runs since ${T}, 4 is queued and 3 more`,
    );
  });

  it('says too what would hold it afterwards, and not what holds others now', () => {
    const late = { state: 'scheduled', runAt: NOW + 1 } as const;
    const reasons = why(late, {
      isPaused: true,
      executors: [],
      turnsBefore: { n: 3, isMore: false },
      ahead: { n: 1, isMore: false },
    });
    expect(reasons.map(({ code }) => code)).toEqual(['delayed', 'queue-paused', 'no-executor']);
  });
});

describe('a queued job is held by', () => {
  it('its paused queue', () => {
    const reason = only(why({ queue: 'imports' }, { isPaused: true }));
    expect(reason).toMatchObject({ code: 'queue-paused', facts: { queue: 'imports' } });
    expect(reason.text).toContain('taskbell queue resume imports');
  });

  it('its type, whose attempts take executors down: how many, and when one is tried', () => {
    const nextTryAt = '2026-11-22T10:00:20.000Z';
    const degraded = { deaths: 3, since: T, nextTryAt };
    const reason = only(why({}, { degraded }));
    expect(reason).toEqual({
      code: 'type-degraded',
      text: `attempts of mail have taken 3 executors down: one is tried at ${nextTryAt}, in 20 s, and the others wait until one comes back`,
      facts: { type: 'mail', ...degraded },
    });
    const trying = only(why({}, { degraded: { ...degraded, nextTryAt: null } }));
    expect(trying.text).toContain('one is tried at a time now');
    expect(why({ state: 'running' }, { degraded }).map(({ code }) => code)).toEqual(['running']);
  });

  it('a limit: which key, who holds it, until when', () => {
    const holders = [
      { id: '4', startedAt: NOW, timeoutMs: 5_000 },
      { id: '5', startedAt: NOW, timeoutMs: null },
    ];
    const limits = [
      { key: 'type mail', kind: 'concurrency', limit: '2', until: null, holders },
    ] as const;
    const reason = only(why({}, { limits }));
    expect(reason.text).toBe(
      `type mail runs 2 at once at most, held by jobs 4 (since ${T}) and 5 (since ${T}); one of them ends at 2026-11-22T10:00:05.000Z at the latest`,
    );
    expect(reason.code).toBe('concurrency');
    expect(reason.facts).toMatchObject({ key: 'type mail', until: '2026-11-22T10:00:05.000Z' });
  });

  it('a rate: when its next token comes', () => {
    const until = NOW + 600;
    const limits = [
      { key: 'queue q', kind: 'rate', limit: '100 in 60000 ms', until, holders: [] },
    ] as const;
    const reason = only(why({}, { limits }));
    expect(reason).toMatchObject({ code: 'rate', facts: { until: '2026-11-22T10:00:00.600Z' } });
    expect(reason.text).toContain('in 600 ms');
  });

  it('the lack of any executor', () => {
    expect(only(why({}, { executors: [] })).code).toBe('no-executor');
  });

  it('the lack of one that runs its type', () => {
    const executors = [READY, READY].map((one) => ({ ...one, offers: false }));
    expect(only(why({}, { executors }))).toMatchObject({
      code: 'no-handler',
      text: 'none of 2 executors runs the type mail',
    });
  });

  it('a handler that could not be loaded, in the words of the executor', () => {
    const executors = [{ ...READY, offers: false, problem: 'mail.mjs: Unexpected token' }];
    expect(only(why({}, { executors })).text).toBe(
      'the handler of mail could not be loaded: mail.mjs: Unexpected token',
    );
  });

  it('executors that serve other queues', () => {
    const executors = [{ ...READY, serves: false, queues: ['b', 'a'] }];
    const reason = only(why({}, { executors }));
    expect(reason).toMatchObject({ code: 'queue-not-served', facts: { queues: ['a', 'b'] } });
  });

  it('executors that take no more', () => {
    const executors = [{ ...READY, state: 'quiet' as const }];
    expect(only(why({}, { executors }))).toMatchObject({
      code: 'executors-quiet',
      facts: { executors: [{ pid: 41, state: 'quiet' }] },
    });
  });

  it('slots that are all busy, and with what', () => {
    const executors = [
      { ...READY, running: ['scan', 'mail'] },
      { ...READY, running: ['scan', 'scan'] },
    ];
    const reason = only(why({}, { executors }));
    expect(reason.text).toBe('all 4 slots are busy in 2 executors: 3 × scan and 1 × mail');
    expect(reason).toMatchObject({ code: 'slots-busy', facts: { types: { scan: 3, mail: 1 } } });
  });

  it('its own crashes: it runs alone', () => {
    const executors = [{ ...READY, running: ['scan'] }];
    expect(only(why({ crashes: 2 }, { executors })).code).toBe('runs-alone');
    expect(only(why({ crashes: 2 })).code).toBe('next');
  });

  it('another one that runs alone', () => {
    const executors = [{ ...READY, running: ['scan'], suspect: '3' }];
    const reason = only(why({}, { executors }));
    expect(reason).toMatchObject({ code: 'beside-suspect', facts: { pid: 41, job: '3' } });
  });

  it('groups whose turn comes first', () => {
    const reason = only(why({ group: 'acme' }, { turnsBefore: { n: 2, isMore: false } }));
    expect(reason).toMatchObject({ code: 'turns', facts: { group: 'acme', before: 2 } });
    expect(reason.text).toBe('2 others have their turn before its group acme');
  });

  it('jobs before it, counted up to a bound', () => {
    expect(only(why({}, { ahead: { n: 1, isMore: false } })).text).toBe(
      '1 job of higher priority, or older, is before it',
    );
    expect(only(why({}, { ahead: { n: 10_000, isMore: true } })).text).toContain('more than 10000');
  });

  it('several things at once: all are said', () => {
    const over = {
      isPaused: true,
      turnsBefore: { n: 1, isMore: false },
      ahead: { n: 2, isMore: false },
    };
    expect(why({}, over).map(({ code }) => code)).toEqual(['queue-paused', 'turns', 'behind']);
  });
});

it('no code is without a test', () => {
  expect([...said].sort()).toEqual([...WHY_CODES].sort());
});
