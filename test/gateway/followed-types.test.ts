/** Which types a gateway asks its core for, and when. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FollowedTypes } from '../../src/gateway/followed-types.ts';
import { SubscriptionIndex } from '../../src/gateway/subscription-index.ts';

/** What was asked for, and the answer that is given by hand. */
interface Asked {
  readonly types: readonly string[];
  readonly answer: () => void;
}

let index: SubscriptionIndex<string>;
let asked: Asked[];
let followed: FollowedTypes;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  index = new SubscriptionIndex();
  asked = [];
  followed = new FollowedTypes(
    index,
    (topics) =>
      new Promise((answer) => {
        asked.push({ types: topics.map(({ type, id }) => `${type} ${id}`), answer });
      }),
  );
});
afterEach(() => void vi.useRealTimers());

const attach = (who: string, type: string) =>
  followed.whenFollowed([type], () => index.attach(who, { type, id: '1' }));
const detach = (who: string, type: string) => index.detach(who, { type, id: '1' });
const types = () => asked.map((one) => one.types);

describe('an attach', () => {
  it('to a type that nobody waits for asks for it, and is made when that is answered', async () => {
    const attaching = attach('ada', 'job');
    expect(types()).toEqual([['job *']]);
    expect(index.hasType('job')).toBe(false);
    asked[0]?.answer();
    await attaching;
    expect(index.hasType('job')).toBe(true);
  });

  it('shares the question with those that come meanwhile, and later asks none', async () => {
    const all = ['ada', 'bob', 'eve'].map((who) => attach(who, 'job'));
    asked[0]?.answer();
    await Promise.all(all);
    await attach('joe', 'job');
    expect(types()).toEqual([['job *']]);
  });

  it('to another type asks for both', async () => {
    const attaching = [attach('ada', 'job'), attach('bob', 'queue')];
    expect(types()).toEqual([['job *'], ['job *', 'queue *']]);
    for (const { answer } of asked) answer();
    await Promise.all(attaching);
  });

  it('that fails lets its type go', async () => {
    const failing = followed.whenFollowed(['job'], () => {
      throw new Error('gone');
    });
    asked[0]?.answer();
    await expect(failing).rejects.toThrow('gone');
    vi.advanceTimersByTime(10_000);
    expect(types()).toEqual([['job *'], []]);
  });
});

describe('a type whose last subscriber has left', () => {
  beforeEach(async () => {
    const attaching = attach('ada', 'job');
    asked[0]?.answer();
    await attaching;
    asked.length = 0;
  });

  it('is followed for 10 s more, and then no timer is left', () => {
    detach('ada', 'job');
    vi.advanceTimersByTime(9_999);
    expect(types()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect([types(), vi.getTimerCount()]).toEqual([[[]], 0]);
  });

  it('costs nothing when somebody came back', async () => {
    detach('ada', 'job');
    await attach('bob', 'job');
    vi.advanceTimersByTime(10_000);
    expect([types(), vi.getTimerCount()]).toEqual([[], 0]);
  });

  it('goes with the next change', async () => {
    detach('ada', 'job');
    void attach('bob', 'queue');
    expect(types()).toEqual([['queue *']]);
    vi.advanceTimersByTime(10_000);
    expect(types()).toEqual([['queue *']]);
  });

  it('stays while somebody is about to attach to it', async () => {
    index.drop('ada');
    const attaching = attach('bob', 'job');
    void attach('eve', 'queue');
    expect(types()).toEqual([['job *', 'queue *']]);
    await attaching;
    expect(index.hasType('job')).toBe(true);
  });

  it('leaves no timer after the stop', () => {
    detach('ada', 'job');
    followed.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('no timer runs while somebody is attached', async () => {
  const attaching = attach('ada', 'job');
  asked[0]?.answer();
  await attaching;
  await attach('bob', 'job');
  detach('bob', 'job');
  expect(vi.getTimerCount()).toBe(0);
});
