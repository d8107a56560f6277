/** What the index tells of those who come to a topic and leave it, and how it counts. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SubscriptionIndex } from '../../src/gateway/subscription-index.ts';

const SUBSCRIBERS = ['ada', 'bob'] as const;
const IDS = ['1', 'p.1', 'p.2'];

const STEP = fc.record({
  kind: fc.constantFrom('attach', 'detach', 'attachPattern', 'detachPattern', 'drop'),
  subscriber: fc.constantFrom(...SUBSCRIBERS),
  type: fc.constantFrom('job', 'room'),
  id: fc.constantFrom(...IDS),
});

test('what it tells of objects adds up to who is attached, and each move is told once', () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 60 }), (steps) => {
      const index = new SubscriptionIndex<string>();
      const here = new Set<string>();
      index.onMoved((subscriber, { type, id }, isHere) => {
        const key = `${subscriber} ${type} ${id}`;
        expect(here.has(key)).toBe(!isHere);
        if (isHere) here.add(key);
        else here.delete(key);
      });
      for (const { kind, subscriber, type, id } of steps) {
        if (kind === 'drop') index.drop(subscriber);
        else if (kind.endsWith('Pattern')) {
          index[kind as 'attachPattern' | 'detachPattern'](subscriber, { type, id: 'p.*' });
        } else index[kind as 'attach' | 'detach'](subscriber, { type, id });
        for (const who of SUBSCRIBERS) {
          for (const topic of IDS.map((one) => ({ type, id: one }))) {
            expect(here.has(`${who} ${topic.type} ${topic.id}`)).toBe(index.has(who, topic));
          }
        }
        const counted = [...index.counts()];
        expect(counted).toHaveLength(index.topics);
        const sum = counted.reduce((total, { subscribers }) => total + subscribers, 0);
        expect(sum).toBe(index.subscriptions);
        expect(sum).toBe(SUBSCRIBERS.reduce((total, who) => total + index.countOf(who), 0));
      }
    }),
  );
});

test('counts name patterns as they were written, and one type where it is asked for', () => {
  const index = new SubscriptionIndex<string>();
  index.attach('ada', { type: 'job', id: '1' });
  index.attach('bob', { type: 'job', id: '1' });
  index.attachPattern('ada', { type: 'room', id: 'p.*' });
  index.attachPattern('ada', { type: 'room', id: '*' });
  expect([...index.counts('job')]).toEqual([{ type: 'job', id: '1', subscribers: 2 }]);
  expect([...index.counts('room')].map(({ id }) => id).sort()).toEqual(['*', 'p.*']);
  expect([...index.counts('queue')]).toEqual([]);
});
