/** Who is where, decided with a clock that the test sets. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PresenceBook } from '../../src/core/gateway-presence-book.ts';
import type { PresenceChange } from '../../src/protocol/gateways.ts';

const LINGER_MS = 100;
const ROOM = { type: 'room', id: '7' };
const came = (user: string, topic = ROOM): PresenceChange => ({ ...topic, user, here: true });
const went = (user: string, topic = ROOM): PresenceChange => ({ ...topic, user, here: false });

const [one, two] = [{ gateway: 1 }, { gateway: 2 }];

test('the first connection is a join, others of the same user are none', () => {
  const book = new PresenceBook(LINGER_MS);
  expect(book.apply(one, came('ada'), 0)).toEqual(came('ada'));
  expect(book.apply(one, came('ada'), 1)).toBeUndefined();
  expect(book.apply(two, came('ada'), 2)).toBeUndefined();
  expect(book.usersOf(ROOM)).toEqual(['ada']);
});

test('somebody who went is away when the linger is over, and not before', () => {
  const book = new PresenceBook(LINGER_MS);
  book.apply(one, came('ada'), 0);
  expect(book.apply(one, went('ada'), 10)).toBeUndefined();
  expect(book.nextDueMono()).toBe(110);
  expect(book.expire(109)).toEqual([]);
  expect(book.usersOf(ROOM)).toEqual(['ada']);
  expect(book.expire(110)).toEqual([went('ada')]);
  expect(book.usersOf(ROOM)).toEqual([]);
  expect(book.nextDueMono()).toBeUndefined();
});

test('coming back within the linger, on any gateway, is neither a leave nor a join', () => {
  const book = new PresenceBook(LINGER_MS);
  book.apply(one, came('ada'), 0);
  book.apply(one, went('ada'), 10);
  expect(book.apply(two, came('ada'), 109)).toBeUndefined();
  expect(book.expire(1_000)).toEqual([]);
  expect(book.usersOf(ROOM)).toEqual(['ada']);
});

test('who is on two gateways stays when one of them loses the connection', () => {
  const book = new PresenceBook(LINGER_MS);
  book.apply(one, came('ada'), 0);
  book.apply(two, came('ada'), 0);
  book.apply(one, went('ada'), 10);
  expect(book.nextDueMono()).toBeUndefined();
  book.apply(two, went('ada'), 20);
  expect(book.expire(120)).toEqual([went('ada')]);
});

test('of a gateway that is gone, all leave when the linger is over', () => {
  const book = new PresenceBook(LINGER_MS);
  const other = { type: 'room', id: '8' };
  book.apply(one, came('ada'), 0);
  book.apply(one, came('bob', other), 0);
  book.apply(two, came('bob', other), 0);
  book.drop(one, 50);
  expect(book.expire(149)).toEqual([]);
  expect(book.expire(150)).toEqual([went('ada')]);
  expect(book.usersOf(other)).toEqual(['bob']);
});

test('a gateway that comes back under another stream keeps its people', () => {
  const book = new PresenceBook(LINGER_MS);
  const again = { gateway: 1, stream: 2 };
  book.apply(one, came('ada'), 0);
  // The end of the former stream may be seen before or after the new one begins.
  book.apply(again, came('ada'), 5);
  book.drop(one, 6);
  expect(book.nextDueMono()).toBeUndefined();
  book.drop(again, 10);
  expect(book.apply(one, came('ada'), 20)).toBeUndefined();
  expect(book.expire(1_000)).toEqual([]);
});

test('it is what somebody would find who looks through all that was said', () => {
  const user = fc.constantFrom('ada', 'bob', 'eve');
  const source = fc.constantFrom(0, 1);
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom('came', 'went'), source, user }),
    fc.record({ kind: fc.constant('drop'), source, user }),
    fc.record({ kind: fc.constant('wait'), source, user, ms: fc.integer({ min: 1, max: 150 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const book = new PresenceBook(LINGER_MS);
      const sources = [{}, {}] as const;
      const here = new Map<string, Set<number>>();
      const leftAt = new Map<string, number>();
      const told = new Set<string>();
      let now = 0;
      const leave = (name: string, from: number) => {
        if (here.get(name)?.delete(from) && here.get(name)?.size === 0) leftAt.set(name, now);
      };
      for (const one of steps) {
        const from = sources[one.source] as object;
        if (one.kind === 'wait') now += 'ms' in one ? one.ms : 0;
        if (one.kind === 'came') {
          here.set(one.user, (here.get(one.user) ?? new Set()).add(one.source));
          leftAt.delete(one.user);
          if (book.apply(from, came(one.user), now)) told.add(one.user);
        } else if (one.kind === 'went') {
          leave(one.user, one.source);
          book.apply(from, went(one.user), now);
        } else if (one.kind === 'drop') {
          for (const name of here.keys()) leave(name, one.source);
          book.drop(from, now);
        }
        for (const { user: name } of book.expire(now)) told.delete(name);
        const expected = [...here.keys()].filter((name) => {
          const left = leftAt.get(name);
          if (left !== undefined && now - left >= LINGER_MS) here.delete(name);
          return here.has(name);
        });
        for (const name of leftAt.keys()) if (!here.has(name)) leftAt.delete(name);
        expect([...book.usersOf(ROOM)].sort()).toEqual(expected.sort());
        // Joins and leaves alone tell the same.
        expect([...told].sort()).toEqual(expected.sort());
      }
    }),
  );
});
