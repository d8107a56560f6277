import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SubscriptionIndex } from '../../src/gateway/subscription-index.ts';
import { covers, type Topic } from '../../src/protocol/events.ts';

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

/** Patterns and topics of few subscribers, with ids that are near to each other. */
const ids = fc.constantFrom('a', 'a.', 'a.b', 'a.b.c', 'ab', '.', '.a', '*', 'a.*', 'b.a.b');
const patterns = fc.constantFrom('*', 'a.*', 'a.b.*', 'b.*', '.*', '..*', '__proto__.*');
const patternSteps = fc.array(
  fc.record({
    verb: fc.constantFrom('attach', 'detach', 'attachPattern', 'detachPattern', 'drop'),
    who: subscribers,
    type: fc.constantFrom('job', 'queue'),
    id: ids,
    pattern: patterns,
  }),
  { maxLength: 40 },
);

it('finds those whose patterns cover a topic, each once, as trying all of them would', () => {
  fc.assert(
    fc.property(patternSteps, ids, (todo, id) => {
      const index = new SubscriptionIndex<number>();
      let naive: { who: number; topic: Topic; isPattern: boolean }[] = [];
      for (const { verb, who, type, id: exact, pattern } of todo) {
        const isPattern = verb.endsWith('Pattern');
        const topic = { type, id: isPattern ? pattern : exact };
        const isOther = (one: (typeof naive)[number]) =>
          one.who !== who || one.isPattern !== isPattern || !isSame(one.topic, topic);
        if (verb === 'drop') naive = naive.filter((one) => one.who !== who);
        else naive = naive.filter(isOther);
        if (verb.startsWith('attach')) naive.push({ who, topic, isPattern });
        if (verb === 'drop') index.drop(who);
        else index[verb](who, topic);
      }
      const topic = { type: 'job', id };
      const fitting = naive.filter((one) =>
        one.isPattern ? covers(one.topic, topic) : isSame(one.topic, topic),
      );
      expect(new Set(index.subscribersOf(topic))).toEqual(new Set(fitting.map(({ who }) => who)));
      for (const who of [1, 2, 3, 4]) {
        const mine = naive.filter((one) => one.who === who);
        expect(index.countOf(who)).toBe(mine.length);
        expect(index.topicsOf(who).map(nameOf).sort()).toEqual(
          mine.map((one) => nameOf(one.topic)).sort(),
        );
      }
      expect(index.hasType('queue')).toBe(naive.some((one) => one.topic.type === 'queue'));
    }),
  );
});

function isSame(one: Topic, other: Topic): boolean {
  return nameOf(one) === nameOf(other);
}

function nameOf({ type, id }: Topic): string {
  return `${type} ${id}`;
}
