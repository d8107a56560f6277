/** The event log: one order, many cursors. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EventLog, type LogRow, type NewRow, REPORT_CURSOR } from '../../src/log/event-log.ts';
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

    it('knows the newest row of a topic', async () => {
      const [newest] = await log.read({ after: '3', limit: 1, type: 'a', id: '1' });
      expect(newest).toMatchObject({ seq: '4', prev: '1' });
      expect(await log.newest({ type: 'a', id: '1' })).toEqual(newest);
      expect(await log.newest({ type: 'b', id: '2' })).toBeUndefined();
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

  describe('when it is pruned', () => {
    /** One commit each, a second apart. */
    async function appendEach(...topics: readonly (readonly [type: string, id: string])[]) {
      for (const [index, [type, id]] of topics.entries()) {
        await log.append([row(type, id)], NOW + index * 1_000);
      }
    }

    const A1 = ['a', '1'] as const;
    const B1 = ['b', '1'] as const;
    const kept = async () => (await everything()).map(({ seq }) => Number(seq));
    const reported = (to: string) => log.moveCursor(REPORT_CURSOR, to);

    it('loses what is older than a moment, and knows where it begins now', async () => {
      await appendEach(A1, B1, A1, A1, B1);
      await reported('5');
      expect(await log.prune({ before: NOW + 2_000, limit: 100 })).toBe(2);
      expect(await kept()).toEqual([3, 4, 5]);
      expect([log.oldest(), log.top()]).toEqual(['3', '5']);
      expect(['1', '2', '5'].map((at) => log.holds(at))).toEqual([false, true, true]);
    });

    it('keeps so many of the newest rows', async () => {
      await appendEach(A1, A1, A1, A1, A1);
      await reported('5');
      expect(await log.prune({ keep: 2, limit: 100 })).toBe(3);
      expect(await log.prune({ keep: 2, limit: 100 })).toBe(0);
      expect(await kept()).toEqual([4, 5]);
    });

    it('loses what either bound lets go, and nothing when there is none', async () => {
      await appendEach(A1, A1, A1, A1, A1);
      await reported('5');
      expect(await log.prune({ limit: 100 })).toBe(0);
      expect(await log.prune({ before: NOW + 1_000, keep: 4, limit: 100 })).toBe(1);
      expect(await log.prune({ before: NOW + 3_000, keep: 4, limit: 100 })).toBe(2);
      expect(await log.prune({ before: NOW, keep: 1, limit: 100 })).toBe(1);
      expect(await kept()).toEqual([5]);
    });

    it('loses no more than asked at a time, and all of it in the end', async () => {
      await appendEach(A1, A1, A1, A1, A1);
      await reported('5');
      const gone: number[] = [];
      for (let call = 0; call < 4; call += 1) gone.push(await log.prune({ keep: 0, limit: 2 }));
      expect(gone).toEqual([2, 2, 1, 0]);
      expect(await kept()).toEqual([]);
    });

    it('keeps what was not reported, also before anything was', async () => {
      await appendEach(A1, A1, A1);
      expect(await log.prune({ keep: 0, limit: 100 })).toBe(0);
      await reported('2');
      expect(await log.prune({ keep: 0, limit: 100 })).toBe(2);
      expect(await kept()).toEqual([3]);
    });

    it('keeps what any other cursor has not passed', async () => {
      await appendEach(A1, A1, A1);
      await reported('3');
      await log.moveCursor('other', '1');
      expect(await log.prune({ keep: 0, limit: 100 })).toBe(1);
      expect(await kept()).toEqual([2, 3]);
    });

    it('waits for no cursor of a subscriber', async () => {
      await appendEach(A1, A1, A1);
      await reported('3');
      await log.moveCursor('client:ada:phone', '1');
      expect(await log.prune({ keep: 0, limit: 100 })).toBe(3);
      expect(await log.cursor('client:ada:phone')).toBe('1');
    });

    it('never gives a number again, and begins each topic anew', async () => {
      await appendEach(A1, B1, A1);
      await reported('3');
      await log.prune({ keep: 0, limit: 100 });
      expect([log.oldest(), log.top(), log.holds('3'), log.holds('2')]).toEqual([
        ...['0', '3'],
        ...[true, false],
      ]);
      expect(await log.append([row('a', '1'), row('a', '1')], NOW)).toMatchObject([
        { seq: '4', prev: null },
        { seq: '5', prev: '4' },
      ]);
    });

    it('shows of a topic and of a type what is left, and counts the ends that are left', async () => {
      const first = await startOne(stores.jobs);
      await settle(stores.jobs, first, 'succeeded');
      const second = await startOne(stores.jobs);
      await log.append([row('a', '1')], NOW);
      await settle(stores.jobs, second, 'succeeded');
      await log.append([row('a', '1')], NOW);
      const rows = await everything();
      await reported(log.top());
      await log.prune({ keep: 3, limit: 100 });
      const left = rows.slice(-3);
      expect(await everything()).toEqual(left);
      const topic = async (type: string, id?: string) =>
        log.read({ after: '0', limit: 9, type, id });
      expect(await topic('a')).toEqual(left.filter(({ type }) => type === 'a'));
      expect(await topic('a', '1')).toEqual(left.filter(({ type }) => type === 'a'));
      expect(await topic('job', second.id)).toEqual(left.filter(({ type }) => type === 'job'));
      expect(await topic('job', first.id)).toEqual([]);
      expect(await log.countEnds('0')).toBe(1);
      expect((await log.readEnds('0', 9)).map(({ id }) => id)).toEqual([second.id]);
    });

    it('tells no listener', async () => {
      await appendEach(A1, A1);
      await reported('2');
      let calls = 0;
      log.onAppended(() => {
        calls += 1;
      });
      expect(await log.prune({ keep: 0, limit: 100 })).toBe(2);
      expect(calls).toBe(0);
    });
  });

  describe('of many topics in many commits', () => {
    const ids = ['1', '2', 'é\t"\n', '"', 'a.b', ''];
    const types = ['a', 'b', 'job ', '"a"'];

    beforeEach(async () => {
      const rows = Array.from({ length: 900 }, (_, n) =>
        row(types[n % 4] ?? '', ids[n % 6] ?? '', {
          data: `[{"n":\t${n}\n}, "${n % 7 === 0 ? '🔔\\t' : 'x'}"]`,
        }),
      );
      for (let n = 0; n < 600; n += 30) await log.append(rows.slice(n, n + 30), NOW + n);
      await log.append(rows.slice(600), NOW);
    });

    it('reads a page from anywhere, of everything, of a type, and of a topic', async () => {
      const all = await everything();
      expect(all.map(({ seq }) => Number(seq))).toEqual(all.map((_, index) => index + 1));
      expect(all).toHaveLength(900);
      expect(brokenLinks(all)).toEqual([]);
      expect(all.map(({ data }) => (JSON.parse(data) as { n: number }[])[0]?.n)).toEqual(
        all.map((_, index) => index),
      );
      for (const after of [0, 29, 30, 599, 855, 856, 899, 900]) {
        const rest = all.slice(after);
        const from = { after: String(after), limit: 40 };
        expect(await log.read(from)).toEqual(rest.slice(0, 40));
        for (const type of [...types, 'c']) {
          const typed = rest.filter((one) => one.type === type);
          expect(await log.read({ ...from, type })).toEqual(typed.slice(0, 40));
          for (const id of ids) {
            const topic = typed.filter((one) => one.id === id);
            expect(await log.read({ ...from, type, id })).toEqual(topic.slice(0, 40));
          }
        }
      }
    });
  });

  it('takes an event of a mebibyte beside small ones', async () => {
    const data = JSON.stringify(['ü'.repeat(524_000)]);
    const rows = [row('a', '1'), row('a', '2', { data }), row('a', '3'), row('a', '4', { data })];
    const appended = await log.append(rows, NOW);
    expect(await everything()).toEqual(appended);
    expect(await log.read({ after: '3', limit: 1 })).toEqual(appended.slice(3));
    expect(await log.read({ after: '0', limit: 9, type: 'a', id: '2' })).toEqual([appended[1]]);
  });
});
