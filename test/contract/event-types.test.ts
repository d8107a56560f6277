/** What an event log does for event types of their own kind: live only, kept shorter, published once. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  APPEND_GUARD_LIFETIME_MS,
  type EventLog,
  type LiveRow,
  type NewRow,
  REPORT_CURSOR,
} from '../../src/log/event-log.ts';
import { addOne, NOW, settle, startOne } from './job-fixture.ts';
import { BOTH, type Stores, VOLATILE_TYPE } from './stores.ts';

const row = (type: string, id: string, data = '[]'): NewRow => ({ type, id, kind: 'event', data });

describe.each(BOTH)('the log of the $name store', ({ open }) => {
  let stores: Stores;
  let log: EventLog;

  beforeEach(() => {
    stores = open();
    log = stores.log;
  });

  afterEach(() => stores.close());

  const everything = () => log.read({ after: '0', limit: 10_000 });
  const places = (rows: readonly LiveRow[]) => rows.map(({ type, id, seq }) => [type, id, seq]);

  describe('rows that are only live', () => {
    it('are told at their places among those that are kept, and are nowhere afterwards', async () => {
      const live: LiveRow[] = [];
      const kept: LiveRow[] = [];
      log.onLive((rows) => live.push(...rows));
      log.onAppended((rows) => kept.push(...rows));
      const rows = [row('a', '1'), row(VOLATILE_TYPE, 'x', '[7]'), row('a', '2')];
      const answered = await log.append(rows, NOW);
      expect(places(answered)).toEqual([
        ['a', '1', '1'],
        [VOLATILE_TYPE, 'x', null],
        ['a', '2', '2'],
      ]);
      expect(live).toEqual(answered);
      expect(places(kept)).toEqual(places(await everything()));
      expect(places(kept)).toEqual([
        ['a', '1', '1'],
        ['a', '2', '2'],
      ]);
      expect(live[1]).toEqual({
        ...row(VOLATILE_TYPE, 'x', '[7]'),
        seq: null,
        prev: null,
        at: NOW,
      });
    });

    it('alone in a commit are told all the same, and whoever hears only of kept rows is not called', async () => {
      const live: LiveRow[] = [];
      let calls = 0;
      log.onLive((rows) => live.push(...rows));
      log.onAppended(() => {
        calls += 1;
      });
      await log.append([row(VOLATILE_TYPE, 'x'), row(VOLATILE_TYPE, 'y')], NOW);
      expect(live.map(({ id }) => id)).toEqual(['x', 'y']);
      expect([calls, log.top()]).toEqual([0, '0']);
    });

    it('come from handlers too, before the end of their job', async () => {
      const job = await startOne(stores.jobs);
      const live: LiveRow[] = [];
      const stop = log.onLive((rows) => live.push(...rows));
      const events = [{ type: VOLATILE_TYPE, id: 'x', data: [1] }];
      await settle(stores.jobs, job, 'succeeded', { events });
      stop();
      await log.append([row('a', '1')], NOW);
      expect(live.map(({ type, kind }) => `${type} ${kind}`)).toEqual([
        `${VOLATILE_TYPE} event`,
        'job end',
      ]);
    });

    it('are the very array of the kept ones where there are none', async () => {
      const arrays: unknown[] = [];
      log.onAppended((rows) => arrays.push(rows));
      log.onLive((rows) => arrays.push(rows));
      await log.append([row('a', '1')], NOW);
      expect(arrays[0]).toBe(arrays[1]);
    });
  });

  describe('an append with a key', () => {
    const guard = (fingerprint = 'f', key = 'k') => ({ key, fingerprint });

    it('is done once, and its repeat is answered with the rows of the first', async () => {
      await log.append([row('a', '1')], NOW);
      const rows = [row('a', '1', '[1]'), row(VOLATILE_TYPE, 'x'), row('b', '1')];
      const first = await log.appendOnce(rows, guard(), NOW + 1);
      await log.append([row('a', '1')], NOW + 2);
      expect(await log.appendOnce(rows, guard(), NOW + 3)).toEqual(first);
      expect(log.top()).toBe('4');
    });

    it('tells of its rows once, though it was asked for twice in one turn', async () => {
      const live: LiveRow[] = [];
      log.onLive((rows) => live.push(...rows));
      const [first, second] = await Promise.all([
        log.appendOnce([row('a', '1')], guard(), NOW),
        log.appendOnce([row('a', '1')], guard(), NOW),
      ]);
      expect(second).toEqual(first);
      expect(live).toHaveLength(1);
    });

    it('is refused for other rows, and for another key is another append', async () => {
      await log.appendOnce([row('a', '1')], guard(), NOW);
      expect(await log.appendOnce([row('a', '2')], guard('g'), NOW)).toBe('other-rows');
      await log.appendOnce([row('a', '1')], guard('f', 'other'), NOW);
      expect(log.top()).toBe('2');
    });

    it('is known for a day', async () => {
      await log.appendOnce([row('a', '1')], guard(), NOW);
      const later = NOW + APPEND_GUARD_LIFETIME_MS;
      await log.appendOnce([row('b', '1')], guard('f', 'other'), later);
      await log.appendOnce([row('a', '1')], guard(), later);
      expect(log.top()).toBe('2');
      await log.appendOnce([row('b', '1')], guard('f', 'third'), later + 1);
      await log.appendOnce([row('a', '1')], guard(), later + 1);
      expect(log.top()).toBe('4');
    });
  });

  describe('rows of one type that are kept shorter', () => {
    const seqs = async () => (await everything()).map(({ seq }) => Number(seq));

    /** One commit with a, b, a; then another of the same, a second later; and so on. */
    async function appendThrice() {
      for (let n = 0; n < 3; n += 1) {
        await log.append([row('a', '1'), row('b', '1'), row('a', '2')], NOW + n * 1_000);
      }
    }

    async function pruneAll(bounds: { readonly before?: number; readonly keep?: number }) {
      let removed = 0;
      for (;;) {
        const step = await log.pruneType({ type: 'a', ...bounds, limit: 2 });
        removed += step.removed;
        if (step.isDone) return { removed, oldestAt: step.oldestAt };
      }
    }

    it('go when they are old, and leave those of other types between them', async () => {
      await appendThrice();
      expect(await pruneAll({ before: NOW + 1_000 })).toEqual({
        removed: 2,
        oldestAt: NOW + 1_000,
      });
      expect(await seqs()).toEqual([2, 4, 5, 6, 7, 8, 9]);
      expect(await pruneAll({ before: NOW + 1_000 })).toEqual({
        removed: 0,
        oldestAt: NOW + 1_000,
      });
    });

    it('go when they are too many, oldest first, within one commit too', async () => {
      await appendThrice();
      expect(await pruneAll({ keep: 3 })).toMatchObject({ removed: 3 });
      expect(await seqs()).toEqual([2, 5, 6, 7, 8, 9]);
      expect(await pruneAll({ keep: 0 })).toEqual({ removed: 3, oldestAt: null });
      expect(await seqs()).toEqual([2, 5, 8]);
    });

    it('are counted by type, what went is not', async () => {
      await appendThrice();
      await addOne(stores.jobs);
      await pruneAll({ keep: 1 });
      expect([...log.rowsByType()].sort()).toEqual([
        ['a', 1],
        ['b', 3],
      ]);
      await log.moveCursor(REPORT_CURSOR, log.top());
      for (let left = 1; left > 0; ) left = await log.prune({ keep: 0, limit: 100 });
      expect([...log.rowsByType().values()].every((kept) => kept === 0)).toBe(true);
    });

    it('are missed by whoever has not read them, and by nobody else', async () => {
      await appendThrice();
      await pruneAll({ keep: 2 });
      // 1, 3, 4 and 6 went.
      const holds = (position: string) => [
        log.holds(position),
        log.holds(position, ['a']),
        log.holds(position, ['b']),
        log.holds(position, ['b', 'a']),
      ];
      expect(holds('5')).toEqual([false, false, true, false]);
      expect(holds('6')).toEqual([true, true, true, true]);
      expect(holds('0')).toEqual([false, false, true, false]);
      expect([log.gone(), log.gone(['a']), log.gone(['b'])]).toEqual(['6', '6', '0']);
    });

    it('are missed by nobody else when they were the oldest of the log', async () => {
      await log.append([row('a', '1'), row('a', '2')], NOW);
      await log.append([row('a', '1')], NOW + 1_000);
      await log.append([row('b', '1')], NOW + 2_000);
      await log.append([row('a', '1'), row('b', '1')], NOW + 3_000);
      await pruneAll({ keep: 1 });
      expect(['0', '1', '3'].map((at) => log.holds(at, ['b']))).toEqual([true, true, true]);
      expect(['0', '2', '3'].map((at) => log.holds(at, []))).toEqual([true, true, true]);
      expect(['0', '2', '3'].map((at) => log.holds(at, ['a']))).toEqual([false, false, true]);
      expect((await log.read({ after: '1', limit: 9, type: 'b' })).map(({ seq }) => seq)).toEqual([
        '4',
        '6',
      ]);
      // What the log itself lets go is missed by all who have not read it.
      await log.moveCursor(REPORT_CURSOR, log.top());
      await log.prune({ before: NOW + 2_001, limit: 100 });
      expect(['0', '3', '4'].map((at) => log.holds(at, ['b']))).toEqual([false, false, true]);
    });

    it('are no longer what later rows of their topic lead to', async () => {
      await appendThrice();
      await pruneAll({ keep: 2 });
      const read = async (type?: string, id?: string) =>
        (await log.read({ after: '0', limit: 9, type, id })).map(({ seq, prev }) => [seq, prev]);
      expect(await read('a')).toEqual([
        ['7', null],
        ['9', null],
      ]);
      expect(await read('a', '2')).toEqual([['9', null]]);
      expect(await read()).toEqual([
        ['2', null],
        ['5', '2'],
        ['7', null],
        ['8', '5'],
        ['9', null],
      ]);
      await pruneAll({ keep: 0 });
      expect(await read('a', '1')).toEqual([]);
      expect(await log.append([row('a', '1'), row('a', '1')], NOW)).toMatchObject([
        { seq: '10', prev: null },
        { seq: '11', prev: '10' },
      ]);
    });

    it('take the counts of ends along in nothing', async () => {
      await log.append([row('a', '1')], NOW);
      await settle(stores.jobs, await startOne(stores.jobs), 'succeeded');
      await log.append([row('a', '1')], NOW);
      await pruneAll({ keep: 0 });
      expect(await log.countEnds('0')).toBe(1);
      expect((await log.readEnds('0', 9)).length).toBe(1);
    });

    it('go although a cursor has not passed them, for no report is among them', async () => {
      await appendThrice();
      await log.moveCursor(REPORT_CURSOR, '1');
      expect(await pruneAll({ keep: 0 })).toMatchObject({ removed: 6 });
    });
  });
});
