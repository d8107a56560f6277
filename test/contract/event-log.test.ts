/** The event log: one order, many cursors. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventLog, LogRow, NewRow } from '../../src/log/event-log.ts';
import { addOne, brokenLinks, NOW, newJob, settle, startOne } from './job-fixture.ts';
import { BOTH, type Stores } from './stores.ts';

const row = (type: string, id: string, over: Partial<NewRow> = {}): NewRow => ({
  ...{ type, id, kind: 'event', data: '[]' },
  ...over,
});

describe.each(BOTH)('the log of the $name store', ({ open }) => {
  let stores: Stores;
  let log: EventLog;

  beforeEach(() => {
    stores = open();
    log = stores.log;
  });

  afterEach(() => stores.close());

  const everything = () => log.read({ after: '0', limit: 1_000 });

  describe('when rows are appended', () => {
    it('numbers them in order and links each to the former one of its topic', async () => {
      await log.append([row('a', '1'), row('b', '1'), row('a', '2')], NOW);
      const appended = await log.append([row('a', '1', { data: '[{"x":"ü"}]' })], NOW + 1);
      expect(appended).toEqual([
        { ...row('a', '1', { data: '[{"x":"ü"}]' }), seq: '4', prev: '1', at: NOW + 1 },
      ]);
      expect((await everything()).map(({ prev }) => prev)).toEqual([null, null, null, '1']);
    });

    it('answers what a reader will read', async () => {
      const appended = await log.append([row('a', '1'), row('a', '1')], NOW);
      expect(appended.map(({ prev }) => prev)).toEqual([null, '1']);
      expect(await everything()).toEqual(appended);
    });

    it('shares one order with the changes of jobs', async () => {
      await Promise.all([
        addOne(stores.jobs),
        log.append([row('a', '1')], NOW),
        addOne(stores.jobs),
        log.append([row('a', '1')], NOW),
      ]);
      const rows = await everything();
      expect(rows.map(({ type }) => type)).toEqual(['job', 'a', 'job', 'a']);
      expect(brokenLinks(rows)).toEqual([]);
    });
  });

  describe('when it is read', () => {
    beforeEach(() =>
      log.append(
        ['a1', 'b1', 'a2', 'a1', 'b1'].map(([type, id]) => row(type ?? '', id ?? '')),
        NOW,
      ),
    );

    const seqs = async (request: Parameters<EventLog['read']>[0]) =>
      (await log.read(request)).map(({ seq }) => seq);

    it('goes on after a position, as far as asked', async () => {
      expect(await seqs({ after: '0', limit: 2 })).toEqual(['1', '2']);
      expect(await seqs({ after: '2', limit: 2 })).toEqual(['3', '4']);
      expect(await seqs({ after: '5', limit: 2 })).toEqual([]);
    });

    it('keeps to a type, or to one topic', async () => {
      expect(await seqs({ after: '0', limit: 9, type: 'a' })).toEqual(['1', '3', '4']);
      expect(await seqs({ after: '1', limit: 1, type: 'a' })).toEqual(['3']);
      expect(await seqs({ after: '1', limit: 9, type: 'b', id: '1' })).toEqual(['2', '5']);
      expect(await seqs({ after: '0', limit: 9, type: 'b', id: '2' })).toEqual([]);
    });

    it('finds nothing after what is no position', async () => {
      expect(await seqs({ after: 'x', limit: 9 })).toEqual([]);
      expect(await seqs({ after: '-1', limit: 9 })).toEqual([]);
    });

    it('knows which positions it still has everything after', () => {
      expect(['0', '1', '5'].map((at) => log.holds(at))).toEqual([true, true, true]);
      expect(['6', 'x', '', '-1', '1.5'].map((at) => log.holds(at))).toEqual(Array(5).fill(false));
    });
  });

  it('has a top and an oldest row, and is at "0" while it is empty', async () => {
    expect([log.top(), log.oldest(), log.holds('0')]).toEqual(['0', '0', true]);
    await log.append([row('a', '1'), row('a', '1')], NOW);
    expect([log.top(), log.oldest()]).toEqual(['2', '1']);
  });

  it('has a name that is not empty', () => {
    expect(log.epoch).not.toBe('');
  });

  describe('the ends', () => {
    it('are read in order with what only the reporter may see, and counted', async () => {
      const a = await startOne(stores.jobs, { userId: 'u1', retries: 0 });
      const b = await startOne(stores.jobs);
      await settle(stores.jobs, b, 'succeeded', { events: [{ type: 'a', id: '1', data: [] }] });
      await settle(stores.jobs, a, 'error');
      const ends = await log.readEnds('0', 10);
      expect(ends.map(({ id, kind, detail }) => [id, kind, detail])).toEqual([
        [b.id, 'end', { userId: null, error: null }],
        [
          ...[a.id, 'end'],
          {
            userId: 'u1',
            error: { name: 'Error', message: 'it was error', stack: 'Error\n    at x' },
          },
        ],
      ]);
      expect(await log.countEnds('0')).toBe(2);
      const [first] = ends;
      expect(await log.readEnds(first?.seq ?? '', 10)).toEqual(ends.slice(1));
      expect(await log.readEnds('0', 1)).toEqual(ends.slice(0, 1));
      expect(await log.countEnds(first?.seq ?? '')).toBe(1);
      expect(await log.countEnds(log.top())).toBe(0);
    });

    it('show their detail to nobody else', async () => {
      const job = await startOne(stores.jobs, { userId: 'u1', retries: 0 });
      await settle(stores.jobs, job, 'error');
      expect(await everything()).not.toContainEqual(
        expect.objectContaining({ detail: expect.anything() }),
      );
    });
  });

  describe('a cursor', () => {
    it('is at "0" until it is moved, and then where it was moved to', async () => {
      await log.append([row('a', '1'), row('a', '1')], NOW);
      expect(await log.cursor('report')).toBe('0');
      await log.moveCursor('report', '2');
      expect(await log.cursor('report')).toBe('2');
      expect(await log.cursor('other')).toBe('0');
    });

    it('may be moved back, so that an operator can have ends reported again', async () => {
      await log.append([row('a', '1'), row('a', '1')], NOW);
      await log.moveCursor('report', '2');
      await log.moveCursor('report', '1');
      expect(await log.cursor('report')).toBe('1');
    });

    it('refuses what is no position, and stays', async () => {
      await log.moveCursor('report', '1');
      await expect(log.moveCursor('report', 'x')).rejects.toThrow();
      expect(await log.cursor('report')).toBe('1');
    });
  });

  describe('a listener', () => {
    it('is called once a group, after its commit, with its rows in order', async () => {
      const heard: (readonly LogRow[])[] = [];
      const tops: string[] = [];
      log.onAppended((rows) => {
        heard.push(rows);
        tops.push(log.top());
      });
      await Promise.all([
        log.append([row('a', '1'), row('a', '2')], NOW),
        stores.jobs.add([newJob()], NOW),
      ]);
      await log.append([row('b', '1')], NOW);
      expect(heard.map((rows) => rows.map(({ seq }) => seq))).toEqual([['1', '2', '3'], ['4']]);
      expect(heard.flat()).toEqual(await everything());
      expect(tops).toEqual(['3', '4']);
    });

    it('has been called by the time the caller is answered', async () => {
      const order: string[] = [];
      log.onAppended(() => order.push('heard'));
      await log.append([row('a', '1')], NOW).then(() => order.push('answered'));
      expect(order).toEqual(['heard', 'answered']);
    });

    it('hears nothing of what was taken back, and of what was without a row', async () => {
      let calls = 0;
      log.onAppended(() => {
        calls += 1;
      });
      await expect(stores.jobs.add([newJob(), newJob({ priority: 0.5 })], NOW)).rejects.toThrow();
      await log.moveCursor('report', '1');
      expect(calls).toBe(0);
    });

    it('hears no more after it stopped', async () => {
      let calls = 0;
      const stop = log.onAppended(() => {
        calls += 1;
      });
      await log.append([row('a', '1')], NOW);
      stop();
      await log.append([row('a', '1')], NOW);
      expect(calls).toBe(1);
    });
  });
});
