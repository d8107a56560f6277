import { beforeEach, describe, expect, it, test } from 'vitest';
import { Lanes } from '../../src/core/lanes.ts';
import type { Lane } from '../../src/queue/job.ts';

const MAIL: Lane = { queue: 'default', type: 'mail', group: null };
const SCAN: Lane = { queue: 'slow', type: 'scan', group: null };
const any = () => true;

function of(group: string, over: Partial<Lane> = {}): Lane {
  return { ...MAIL, group, ...over };
}

let lanes: Lanes;
beforeEach(() => {
  lanes = new Lanes();
});

/** What one claim of a round of its own gets. */
function next(parties = 100, accepts: Parameters<Lanes['take']>[1] = any): readonly Lane[] {
  lanes.beginRound(0);
  return lanes.take(parties, accepts);
}

function groups(taken: readonly Lane[]): readonly (string | null)[] {
  return taken.map(({ group }) => group);
}

test('a marked lane is open until a claim saw it empty', () => {
  lanes.mark([MAIL, SCAN, MAIL]);
  expect(next()).toEqual([MAIL, SCAN]);
  lanes.clear(next(1, ({ type }) => type === 'mail'));
  expect(next()).toEqual([SCAN]);
});

test('a lane that was marked after the claim was made stays open, whatever that claim saw', () => {
  for (const lane of [MAIL, of('acme')]) {
    lanes = new Lanes();
    lanes.mark([lane]);
    const claimed = next();
    lanes.mark([lane]);
    lanes.clear(claimed);
    expect(next()).toEqual([lane]);
  }
});

test('a lane says that nothing in it waits for the disk as long as only such jobs were marked', () => {
  for (const lane of [MAIL, of('acme')]) {
    lanes = new Lanes();
    lanes.mark([{ ...lane, durability: 'os' }]);
    lanes.mark([{ ...lane, durability: 'os' }]);
    expect(next()).toEqual([{ ...lane, durability: 'os' }]);
    lanes.mark([lane]);
    expect(next()).toEqual([lane]);
    lanes.mark([{ ...lane, durability: 'os' }]);
    const seen = next();
    expect(seen).toEqual([lane]);
    lanes.clear(seen);
    lanes.mark([{ ...lane, durability: 'os' }]);
    expect(next()).toEqual([{ ...lane, durability: 'os' }]);
  }
});

test('only lanes that the executor accepts are open to it', () => {
  lanes.mark([MAIL, SCAN, of('acme'), of('acme', { type: 'scan' })]);
  expect(next(9, ({ type }) => type === 'scan')).toEqual([SCAN, of('acme', { type: 'scan' })]);
});

test('a paused queue is closed, keeps its lanes, and is open again after', () => {
  lanes.setPaused('slow', true);
  lanes.mark([MAIL, SCAN, of('acme', { queue: 'slow' })]);
  expect(next()).toEqual([MAIL]);
  lanes.setPaused('slow', false);
  expect(next()).toHaveLength(3);
});

describe('turns', () => {
  it('go to as many parties as were asked for, those without a group being one', () => {
    lanes.mark([of('a'), MAIL, SCAN, of('b'), of('c')]);
    expect(groups(next(3))).toEqual(['a', null, null, 'b']);
  });

  it('give a party all its lanes that the executor takes', () => {
    lanes.mark([of('a'), of('b'), of('a', { type: 'scan' }), of('a', { queue: 'slow' })]);
    expect(next(1)).toEqual([of('a'), of('a', { type: 'scan' })]);
  });

  it('come round: whoever was served longest ago is next', () => {
    lanes.mark([of('a'), of('b'), of('c')]);
    lanes.noteServed([of('a'), of('b')]);
    expect(groups(next())).toEqual(['c', 'a', 'b']);
    lanes.noteServed([of('c')]);
    expect(groups(next())).toEqual(['a', 'b', 'c']);
  });

  it('stay with whoever was offered and got nothing', () => {
    lanes.mark([of('a'), of('b')]);
    expect(groups(next(1))).toEqual(['a']);
    expect(groups(next(1))).toEqual(['a']);
  });

  it('come to a newcomer before the party that was served last, however often it was', () => {
    lanes.mark([of('big')]);
    for (let n = 0; n < 5; n += 1) lanes.noteServed([of('big')]);
    lanes.mark([of('small')]);
    expect(groups(next())).toEqual(['small', 'big']);
  });

  it('come to nobody who arrives again and again before those that wait', () => {
    lanes.mark([of('patient'), of('eager')]);
    lanes.noteServed([of('eager')]);
    for (let n = 0; n < 3; n += 1) {
      lanes.clear(next().filter(({ group }) => group === 'eager'));
      lanes.mark([of('eager')]);
      expect(groups(next())).toEqual(['patient', 'eager']);
    }
  });

  it('go to different parties within a round of claims, and start over when all had theirs', () => {
    lanes.mark([of('a'), of('b'), of('c')]);
    lanes.beginRound(0);
    expect(groups(lanes.take(2, any))).toEqual(['a', 'b']);
    expect(groups(lanes.take(2, any))).toEqual(['c']);
    expect(groups(lanes.take(2, any))).toEqual(['a', 'b']);
  });

  it('give every executor the lanes without a group, where there are no others', () => {
    lanes.mark([MAIL]);
    lanes.beginRound(0);
    expect(lanes.take(1, any)).toEqual([MAIL]);
    expect(lanes.take(1, any)).toEqual([MAIL]);
  });

  it('pass 10,000 parties in 10,000 claims of one, each once', () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `g${index}`);
    lanes.mark(names.map((name) => of(name)));
    const seen: (string | null)[] = [];
    for (const _ of names) {
      const taken = next(1);
      lanes.noteServed(taken);
      seen.push(...groups(taken));
    }
    expect(seen).toEqual(names);
  });
});

describe('a lane that a limit holds', () => {
  const ofType = { key: 'type mail', until: null };

  it('is closed with all that the limit holds, until an attempt under it ends', () => {
    lanes.mark([MAIL, SCAN, of('a')]);
    lanes.hold([{ lane: MAIL, ...ofType }]);
    expect(next()).toEqual([SCAN]);
    lanes.release({ ...SCAN, group: 'a' });
    expect(next()).toEqual([SCAN]);
    lanes.release(of('other', { queue: 'elsewhere' }));
    expect(next()).toHaveLength(3);
  });

  it('is closed alone when it is the limit of its group', () => {
    lanes.mark([of('a'), of('b'), of('a', { type: 'scan' })]);
    lanes.hold([{ lane: of('a'), key: 'type mail group a', until: null }]);
    expect(next()).toEqual([of('a', { type: 'scan' }), of('b')]);
    lanes.release(of('b'));
    expect(next()).toHaveLength(2);
    lanes.release(of('a'));
    expect(next()).toHaveLength(3);
  });

  it('keeps its turn', () => {
    lanes.mark([of('a'), of('b'), of('c')]);
    lanes.noteServed([of('a'), of('b'), of('c')]);
    lanes.hold([{ lane: of('b'), key: 'type mail group b', until: null }]);
    lanes.noteServed([of('a'), of('c')]);
    lanes.release(of('b'));
    expect(groups(next())).toEqual(['b', 'a', 'c']);
  });

  it('opens at the time of the next token, which is told', () => {
    lanes.mark([MAIL, of('a')]);
    lanes.hold([
      { lane: MAIL, key: 'queue default', until: 5_000 },
      { lane: of('a'), key: 'type mail group a', until: 3_000 },
    ]);
    expect(lanes.beginRound(1_000)).toBe(3_000);
    expect(lanes.beginRound(3_000)).toBe(5_000);
    expect(lanes.take(9, any)).toEqual([]);
    // What ends gives no token back.
    lanes.release(of('a'));
    expect(lanes.take(9, any)).toEqual([]);
    expect(lanes.beginRound(5_000)).toBeNull();
    expect(lanes.take(9, any)).toHaveLength(2);
  });

  it('opens when the clock went back, since its time means nothing any more', () => {
    lanes.mark([MAIL]);
    lanes.beginRound(10_000);
    lanes.hold([{ lane: MAIL, key: 'type mail', until: 10_500 }]);
    expect(lanes.beginRound(10_100)).toBe(10_500);
    expect(lanes.beginRound(10_050)).toBeNull();
    expect(lanes.take(1, any)).toEqual([MAIL]);
  });

  it('opens when the limits were changed', () => {
    lanes.mark([MAIL, of('a')]);
    lanes.hold([
      { lane: MAIL, ...ofType },
      { lane: of('a'), key: 'type mail group a', until: null },
    ]);
    lanes.releaseAll();
    expect(next()).toHaveLength(2);
  });

  it('is forgotten when it is cleared, and comes back when it is marked', () => {
    lanes.mark([of('a')]);
    const taken = next();
    lanes.hold([{ lane: of('a'), key: 'type mail group a', until: null }]);
    lanes.clear(taken);
    lanes.mark([of('a')]);
    lanes.release(of('a'));
    expect(next()).toEqual([of('a')]);
  });
});
