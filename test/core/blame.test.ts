import { describe, expect, it } from 'vitest';
import { blockerOf, suspectsOf, verdictsFor } from '../../src/core/blame.ts';
import { wordsFor } from '../../src/core/death-words.ts';
import { type InFlight, inFlightOf } from '../../src/core/remote-executor.ts';
import type { BlockedMessage } from '../../src/protocol/execute.ts';
import { manifest } from './scripted-executor.ts';

const NOW_MONO = 100_000;

function held(id: string, more: Partial<InFlight> = {}): InFlight {
  const job = { id, attempt: 1, type: 'mail', queue: 'default', durability: 'disk' } as const;
  const attempt = inFlightOf(job, { timeoutMs: 0, sent: true, group: null });
  return { ...attempt, startedMono: NOW_MONO - 60_000, ...more };
}

describe('the attempt that blocks an event loop', () => {
  it('is the one that is named, and no other attempt of its job', () => {
    const [one, two] = [held('1'), held('2')];
    const report = (attempt: number) => ({ fence: { id: '2', attempt }, stack: '' });
    expect(blockerOf(report(1), [one, two])).toBe(two);
    expect(blockerOf(report(7), [one, two])).toBeUndefined();
  });

  it('is known by its file where its name is lost, if there is but one of its type', () => {
    const [mail, scan] = [held('1'), held('2', { type: 'scan' })];
    const report = { fence: null, stack: '    at spin (file:///srv/jobs/scan.mjs:3:9)' };
    expect(blockerOf(report, [mail, scan])).toBe(scan);
    expect(blockerOf(report, [scan, held('3', { type: 'scan' })])).toBeUndefined();
    expect(blockerOf({ fence: null, stack: '' }, [mail, scan])).toBeUndefined();
    expect(blockerOf(undefined, [mail])).toBeUndefined();
  });
});

describe('what attempts end as when their executor has to be ended', () => {
  const overdue = held('1', { timeoutMs: 1_000 });

  it.each(['timeout', 'cancelled'] as const)(
    'is %s for the overdue one, if it blocks or nobody does',
    (verdict) => {
      for (const blocker of [undefined, overdue]) {
        const verdicts = verdictsFor({ attempt: overdue, verdict }, blocker, NOW_MONO);
        expect([...verdicts]).toEqual([[overdue, verdict]]);
      }
    },
  );

  it.each([
    ['timeout', 'its limit has passed too', { timeoutMs: 2_000 }],
    ['crash', 'it was within its limit', { timeoutMs: 3_600_000 }],
    ['crash', 'it has no limit', {}],
    ['cancelled', 'it was to be cancelled', { verdict: 'cancelled' as const }],
  ] as const)(
    'is interrupted for a neighbour whose limit passed meanwhile, and %s for the blocker when %s',
    (own, _why, more) => {
      const blocker = held('2', more);
      const verdicts = verdictsFor({ attempt: overdue, verdict: 'timeout' }, blocker, NOW_MONO);
      expect(verdicts.get(overdue)).toBe('interrupted');
      expect(verdicts.get(blocker)).toBe(own);
    },
  );

  it('is cancelled for a neighbour that was to be cancelled', () => {
    const verdicts = verdictsFor({ attempt: overdue, verdict: 'cancelled' }, held('2'), NOW_MONO);
    expect(verdicts.get(overdue)).toBe('cancelled');
  });
});

describe('the error of an attempt whose executor was ended', () => {
  const stack = '    at spin (file:///srv/jobs/scan.mjs:3:9)\n    at async attempt 1 of job 2';
  const blocked = { kind: 'blocked', executor: 'x', blockedMs: 5_000, stack, fence: null } as const;
  const executor = { id: 'x', process: { pid: 7, startTime: '1' }, blocked };
  const blocker = held('2');

  it('names the place where it blocked the loop, with the stack', () => {
    const words = wordsFor(blocker, 'timeout', { executor, blocker, reason: undefined });
    expect(words.message).toContain('passed its time limit');
    expect(words.message).toContain(
      'blocked the event loop at spin (file:///srv/jobs/scan.mjs:3:9)',
    );
    expect(words.stack).toBe(stack);
  });

  it('names the other job to a neighbour, and lets its own time limit out of it', () => {
    const words = wordsFor(held('1'), 'interrupted', { executor, blocker, reason: undefined });
    expect(words).toEqual({
      message: 'executor x (pid 7) was ended because job 2 blocked its event loop',
    });
  });

  it('says why the supervisor ended it', () => {
    const around = { executor: { ...executor, blocked: undefined }, blocker: undefined };
    const words = wordsFor(held('1'), 'crash', { ...around, reason: 'had grown to 9 bytes' });
    expect(words.message).toBe('executor x (pid 7) had grown to 9 bytes and was ended');
  });
});

describe('the attempts that may have ended an executor', () => {
  const types = new Map(['mail', 'scan'].map((name) => [name, manifest(name)]));
  types.set('tool', manifest('tool', { kind: 'command' }));
  const [mail, scan, tool] = [held('1'), held('2', { type: 'scan' }), held('3', { type: 'tool' })];
  const suspects = (left: ReadonlyMap<InFlight, string>, blocked?: BlockedMessage) =>
    Object.fromEntries(suspectsOf({ types, blocked }, left));

  it('are those of all attempts that crashed, or did not end in time', () => {
    const left = new Map([mail, held('4'), scan].map((one) => [one, 'crash']));
    expect(suspects(left)).toEqual({ mail: ['1', '4'], scan: ['2'] });
    expect(suspects(new Map([[scan, 'timeout']]))).toEqual({ scan: ['2'] });
  });

  it('are none of those that were interrupted, cancelled, or had a process of their own', () => {
    const isolated = held('4', { group: { pid: 7, startTime: '1' } });
    const crashed = [tool, isolated].map((one) => [one, 'crash'] as const);
    expect(suspects(new Map([...crashed, [mail, 'interrupted'], [scan, 'cancelled']]))).toEqual({});
  });

  it('is that of the attempt alone which blocked the event loop', () => {
    const blocked: BlockedMessage = {
      ...{ kind: 'blocked', executor: 'x', fence: { id: '2', attempt: 1 } },
      ...{ blockedMs: 9_000, stack: '' },
    };
    const left = new Map([mail, scan].map((one) => [one, 'crash']));
    expect(suspects(left, blocked)).toEqual({ scan: ['2'] });
    // It ended as something else: another one has taken the process down.
    left.set(scan, 'cancelled');
    expect(suspects(left, blocked)).toEqual({ mail: ['1'] });
  });
});
