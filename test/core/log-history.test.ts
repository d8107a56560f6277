/** History of many topics, page by page, against filtering the whole log. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClientCursors } from '../../src/core/client-cursors.ts';
import { readHistory } from '../../src/core/log-history.ts';
import type { EventLog } from '../../src/log/event-log.ts';
import { covers, type Topic } from '../../src/protocol/events.ts';
import { BOTH, type Stores } from '../contract/stores.ts';

const topic = fc.record({
  type: fc.constantFrom('a', 'b', 'c'),
  id: fc.constantFrom('1', '2', 'x.1', 'x.2', 'x.y.1', 'xx', '*', 'x.*', 'x.y.*', 'none.*'),
});
const published = fc.record({
  type: fc.constantFrom('a', 'b', 'c'),
  id: fc.constantFrom('1', '2', 'x.1', 'x.2', 'x.y.1', 'xx'),
});

describe.each(BOTH)('history in the $name store', ({ open }) => {
  let stores: Stores;
  let log: EventLog;
  beforeEach(() => {
    stores = open();
    log = stores.log;
  });
  afterEach(() => stores.close());

  const append = (topics: readonly Topic[], data = '[]') =>
    log.append(
      topics.map((one) => ({ ...one, kind: 'event' as const, data })),
      0,
    );

  async function readAll(topics: readonly Topic[], since: string, limit: number) {
    const seqs: string[] = [];
    for (let after = since, more = true; more; ) {
      const asked = { topics, since: after, epoch: log.epoch, limit, maxBytes: 1_000 };
      const page = await readHistory(log, asked);
      expect(page.recovered).toBe(true);
      expect(page.events.length).toBeLessThanOrEqual(limit);
      seqs.push(...page.events.map(({ seq }) => seq ?? ''));
      after = page.next;
      more = page.more;
    }
    return seqs;
  }

  it('is what filtering the log gives, whatever the topics and the size of a page', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(published, { maxLength: 60 }),
        fc.array(topic, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 9 }),
        async (rows, topics, limit) => {
          const since = log.top();
          for (let at = 0; at < rows.length; at += 7) await append(rows.slice(at, at + 7));
          const all = await log.read({ after: since, limit: 1_000 });
          const mine = all.filter((row) => topics.some((one) => covers(one, row)));
          expect(await readAll(topics, since, limit)).toEqual(mine.map(({ seq }) => seq));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('has pages of about so many bytes, and one event always', async () => {
    await append(
      Array.from({ length: 5 }, () => ({ type: 'a', id: '1' })),
      JSON.stringify(['x'.repeat(600)]),
    );
    const asked = { topics: [{ type: 'a', id: '*' }], since: '0', epoch: undefined, limit: 100 };
    const page = await readHistory(log, { ...asked, maxBytes: 1_300 });
    expect([page.events.length, page.next, page.more]).toEqual([2, '2', true]);
    expect((await readHistory(log, { ...asked, maxBytes: 1 })).events.length).toBe(1);
  });

  it('begins with the oldest where the position is gone, and says so', async () => {
    for (let n = 0; n < 5; n += 1) await append([{ type: 'a', id: '1' }]);
    await log.moveCursor('report', '5');
    await log.prune({ keep: 2, limit: 3 });
    const asked = { topics: [{ type: 'a', id: '1' }], epoch: undefined, limit: 9, maxBytes: 999 };
    const page = await readHistory(log, { ...asked, since: '1' });
    expect(page).toMatchObject({ recovered: false, oldest: log.oldest(), more: false });
    expect(page.events.map(({ seq }) => seq)).toEqual(
      (await log.read({ after: '0', limit: 9 })).map(({ seq }) => seq),
    );
    await log.prune({ keep: 0, limit: 100 });
    const none = await readHistory(log, { ...asked, since: '1' });
    expect(none).toMatchObject({ recovered: false, events: [], oldest: '5', next: '5' });
  });

  it('begins where nothing of any type is missing, when one type went earlier, and goes on from there', async () => {
    for (let n = 0; n < 4; n += 1)
      await append([
        { type: 'a', id: '1' },
        { type: 'b', id: '1' },
      ]);
    await log.pruneType({ type: 'b', keep: 2, limit: 9 });
    // 2 and 4 went.
    const asked = { epoch: undefined, limit: 1, maxBytes: 999 };
    const both = {
      ...asked,
      topics: [
        { type: 'a', id: '1' },
        { type: 'b', id: '*' },
      ],
    };
    const first = await readHistory(log, { ...both, since: '1' });
    expect(first).toMatchObject({ recovered: false, oldest: '4', next: '5', more: true });
    const next = await readHistory(log, { ...both, since: first.next });
    expect(next).toMatchObject({ recovered: true, events: [{ seq: '6', prev: null }] });
    expect(await readHistory(log, { ...both, since: first.oldest })).toMatchObject({
      recovered: true,
    });
    const other = { ...asked, topics: [{ type: 'a', id: '1' }], since: '1' };
    expect(await readHistory(log, other)).toMatchObject({
      recovered: true,
      events: [{ seq: '3' }],
    });
  });
});

describe.each(BOTH)('cursors of subscribers in the $name store', ({ open }) => {
  let stores: Stores;
  beforeEach(() => {
    stores = open();
  });
  afterEach(() => stores.close());

  it('move forward only, and only where they were placed', async () => {
    const cursors = new ClientCursors(stores.log, () => 9);
    const phone = { user: 'ada', name: 'phone' };
    await cursors.move([{ ...phone, seq: '5' }]);
    expect(await cursors.positionOf(phone)).toBeUndefined();
    await cursors.place(phone, '0');
    await cursors.move([{ ...phone, seq: '5' }]);
    await cursors.move([{ ...phone, seq: '3' }]);
    expect(await cursors.positionOf(phone)).toBe('5');
    await cursors.place(phone, '1');
    expect(await cursors.positionOf(phone)).toBe('1');
  });

  it('are so many for a user: the one that is furthest behind goes', async () => {
    const cursors = new ClientCursors(stores.log, () => 2);
    const of = (user: string, name: string) => ({ user, name });
    await cursors.place(of('ada', 'phone'), '3');
    await cursors.place(of('ada', 'desk'), '2');
    await cursors.place(of('ada:b', 'desk'), '1');
    await cursors.place(of('ada', 'desk'), '4');
    await cursors.place(of('ada', 'watch'), '5');
    const known = await Promise.all(
      [of('ada', 'phone'), of('ada', 'desk'), of('ada', 'watch'), of('ada:b', 'desk')].map((one) =>
        cursors.positionOf(one),
      ),
    );
    expect(known).toEqual([undefined, '4', '5', '1']);
  });
});
