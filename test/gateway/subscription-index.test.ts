import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SubscriptionIndex } from '../../src/gateway/subscription-index.ts';
import type { Topic } from '../../src/protocol/events.ts';

/** The same, so simple that it cannot be wrong: a list of pairs. */
class NaiveIndex {
  pairs: (readonly [number, string])[] = [];
  readonly nameOf = (topic: Topic) => JSON.stringify([topic.type, topic.id]);

  attach(subscriber: number, topic: Topic): void {
    if (!this.has(subscriber, topic)) this.pairs.push([subscriber, this.nameOf(topic)]);
  }
  detach(subscriber: number, topic: Topic): void {
    const name = this.nameOf(topic);
    this.pairs = this.pairs.filter(([who, what]) => who !== subscriber || what !== name);
  }
  drop(subscriber: number): void {
    this.pairs = this.pairs.filter(([who]) => who !== subscriber);
  }
  has(subscriber: number, topic: Topic): boolean {
    return this.subscribersOf(topic).has(subscriber);
  }
  subscribersOf(topic: Topic): Set<number> {
    const name = this.nameOf(topic);
    return new Set(this.pairs.filter(([, what]) => what === name).map(([who]) => who));
  }
  countOf(subscriber: number): number {
    return this.pairs.filter(([who]) => who === subscriber).length;
  }
  hasType(type: string): boolean {
    return this.pairs.some(([, what]) => JSON.parse(what)[0] === type);
  }
  get topics(): number {
    return new Set(this.pairs.map(([, what]) => what)).size;
  }
}

const subscribers = fc.integer({ min: 1, max: 4 });
// Ids with separators in them: two topics must never be taken for one.
const topics = fc.record({
  type: fc.constantFrom('job', 'queue'),
  id: fc.constantFrom('1', '2', '1\n', '\n1', 'job\n1', '__proto__'),
});
const steps = fc.array(
  fc.record({ verb: fc.constantFrom('attach', 'detach', 'drop'), who: subscribers, topic: topics }),
  { maxLength: 60 },
);

it('answers as a plain list of pairs would, after any attaches, detaches and drops', () => {
  fc.assert(
    fc.property(steps, topics, subscribers, (todo, topic, who) => {
      const index = new SubscriptionIndex<number>();
      const naive = new NaiveIndex();
      for (const step of todo) {
        for (const each of [index, naive]) {
          if (step.verb === 'attach') each.attach(step.who, step.topic);
          else if (step.verb === 'detach') each.detach(step.who, step.topic);
          else each.drop(step.who);
        }
      }
      expect(new Set(index.subscribersOf(topic))).toEqual(naive.subscribersOf(topic));
      expect(index.has(who, topic)).toBe(naive.has(who, topic));
      expect(index.countOf(who)).toBe(naive.countOf(who));
      expect(index.topics).toBe(naive.topics);
      expect(index.hasType(topic.type)).toBe(naive.hasType(topic.type));
    }),
  );
});

it('keeps nothing of what has gone', () => {
  const index = new SubscriptionIndex<number>();
  for (let id = 0; id < 100; id += 1) index.attach(1, { type: 'job', id: String(id) });
  index.drop(1);
  expect([index.topics, index.countOf(1)]).toEqual([0, 0]);
});

it('says when the last subscriber of a type has left, and only then', () => {
  const index = new SubscriptionIndex<number>();
  let left = 0;
  index.onTypeLeft(() => {
    left += 1;
  });
  for (const who of [1, 2]) {
    for (const id of ['1', '2']) index.attach(who, { type: 'job', id });
  }
  index.attach(1, { type: 'queue', id: '1' });
  index.detach(1, { type: 'job', id: '1' });
  index.detach(1, { type: 'job', id: '1' });
  index.drop(2);
  expect(left).toBe(0);
  index.detach(1, { type: 'job', id: '2' });
  expect(left).toBe(1);
  index.drop(1);
  expect(left).toBe(2);
});
