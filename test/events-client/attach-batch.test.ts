import { describe, expect, it } from 'vitest';
import { nextBatch, type Start } from '../../src/events-client/attach-batch.ts';

const at = (id: string, start: Start) => ({ topic: { type: 'job', id }, start });
const idsOf = (batch: ReturnType<typeof nextBatch<ReturnType<typeof at>>>) =>
  batch?.members.map(({ topic }) => topic.id);

describe('a request for subscriptions', () => {
  it('begins where the one stands that is furthest behind', () => {
    const waiting = [at('a', { since: '100', epoch: 'e' }), at('b', { since: '9', epoch: 'e' })];
    const batch = nextBatch(waiting, 10);
    expect(batch?.start).toEqual({ since: '9', epoch: 'e' });
    expect(idsOf(batch)).toEqual(['b', 'a']);
  });

  it('has those that begin alike, and of one log', () => {
    const waiting = [
      at('now', {}),
      at('last', { last: 1 }),
      at('old', { since: '1', epoch: 'e' }),
      at('older', { since: '1', epoch: 'd' }),
      at('now too', {}),
    ];
    expect(idsOf(nextBatch(waiting, 10))).toEqual(['now', 'now too']);
    expect(idsOf(nextBatch(waiting.slice(1), 10))).toEqual(['last']);
    expect(idsOf(nextBatch(waiting.slice(2), 10))).toEqual(['old']);
  });

  it('is not larger than it may be, and keeps to the order in which they were asked for', () => {
    const waiting = ['c', 'a', 'b'].map((id) => at(id, {}));
    expect(idsOf(nextBatch(waiting, 2))).toEqual(['c', 'a']);
    expect(nextBatch([], 2)).toBeUndefined();
  });
});
