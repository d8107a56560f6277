/** When a type is degraded, when it is tried again and what heals it, on a clock of the test's own. */
import { beforeEach, describe, expect, it } from 'vitest';
import { BREAKER_RULES, type Suspects, TypeBreaker } from '../../src/core/type-breaker.ts';

const SECOND = 1_000;

let now: number;
let jobs = 0;
let breaker: TypeBreaker;
beforeEach(() => {
  now = 5_000_000;
  breaker = new TypeBreaker(() => now);
});

/** Executors that die under attempts of these types, a second apart. */
function die(times: number, ...types: readonly string[]): readonly string[] {
  const told: string[] = [];
  for (let n = 0; n < times; n += 1) {
    now += SECOND;
    told.push(...breaker.noteDeath(under(...types)).map(({ type }) => type));
  }
  return told;
}

/** Another job each time. */
function under(...types: readonly string[]): Suspects {
  jobs += 1;
  return new Map(types.map((type) => [type, [`${type}-${jobs}`]]));
}

function degraded(): readonly string[] {
  return breaker.degraded().map(({ type }) => type);
}

describe('a type becomes degraded', () => {
  it('with its third death within a minute', () => {
    expect(die(2, 'bad')).toEqual([]);
    expect(breaker.size).toBe(0);
    expect(die(1, 'bad')).toEqual(['bad']);
    expect(breaker.find('bad')).toMatchObject({ deaths: 3, sinceMono: now });
    expect(breaker.size).toBe(1);
  });

  it('not by deaths that are further apart', () => {
    die(2, 'bad');
    now += BREAKER_RULES.windowMs;
    die(2, 'bad');
    expect(degraded()).toEqual([]);
    expect(die(1, 'bad')).toEqual(['bad']);
  });

  it('not by one job that dies again and again, which is ended for it; but by the next one', () => {
    for (let n = 0; n < 3; n += 1) breaker.noteDeath(new Map([['bad', ['7']]]));
    expect(degraded()).toEqual([]);
    breaker.noteDeath(new Map([['bad', ['8']]]));
    expect(degraded()).toEqual(['bad']);
  });

  it('by three deaths of several jobs at once', () => {
    for (let n = 0; n < 3; n += 1) breaker.noteDeath(new Map([['bad', ['7', '8']]]));
    expect(degraded()).toEqual(['bad']);
  });

  it('not while attempts of it come back in between', () => {
    for (let n = 0; n < 10; n += 1) {
      die(2, 'poisoned');
      expect(breaker.noteReturn('poisoned')).toBe(false);
    }
    expect(breaker.isIdle).toBe(true);
  });

  it('not where another one was there each time: who did it is not known', () => {
    die(7, 'bad', 'slow');
    expect(degraded()).toEqual([]);
    // Each runs alone by now.
    expect(die(1, 'bad')).toEqual(['bad']);
    expect(degraded()).toEqual(['bad']);
  });

  it('beside another one whose attempts come back', () => {
    for (let n = 0; n < 3; n += 1) {
      die(1, 'bad', 'good');
      breaker.noteReturn('good');
    }
    expect(degraded()).toEqual(['bad']);
  });

  it('and takes the blame for what the others were suspected of', () => {
    die(2, 'bad', 'slow');
    die(1, 'bad');
    expect(die(5, 'bad', 'slow')).toEqual([]);
    expect(die(2, 'slow')).toEqual([]);
    expect(degraded()).toEqual(['bad']);
    expect(die(1, 'slow')).toEqual(['slow']);
  });

  it('while nobody is suspected when nobody can have done it', () => {
    expect(die(9)).toEqual([]);
    expect(breaker.isIdle).toBe(true);
  });
});

describe('a degraded type', () => {
  beforeEach(() => void die(3, 'bad'));

  it('is tried after 30 s, and twice as long after each try that dies, up to 5 min', () => {
    const waits: number[] = [];
    for (let n = 0; n < 6; n += 1) {
      const wait = breaker.nextIn() ?? 0;
      waits.push(wait / SECOND);
      now += wait - 1;
      expect(breaker.due()).toEqual([]);
      now += 1;
      expect(breaker.due()).toEqual(['bad']);
      expect(breaker.nextIn()).toBeNull();
      expect(breaker.noteDeath(under('bad'))).toHaveLength(1);
    }
    expect(waits).toEqual([30, 60, 120, 240, 300, 300]);
    expect(breaker.find('bad')?.deaths).toBe(9);
  });

  it('is not put off by attempts that began before', () => {
    const before = breaker.nextIn() ?? 0;
    expect(die(2, 'bad')).toEqual([]);
    expect(breaker.nextIn()).toBe(before - 2 * SECOND);
  });

  it('is tried sooner when executors were replaced, but not sooner than 30 s after it died', () => {
    for (let n = 0; n < 4; n += 1) {
      now += breaker.nextIn() ?? 0;
      breaker.noteDeath(under('bad'));
    }
    now += 10 * SECOND;
    breaker.retrySoon();
    breaker.retrySoon();
    expect(breaker.nextIn()).toBe(20 * SECOND);
    now += 20 * SECOND;
    expect(breaker.due()).toEqual(['bad']);
    breaker.noteDeath(under('bad'));
    expect(breaker.nextIn()).toBe(2 * BREAKER_RULES.baseWaitMs);
    now += 50 * SECOND;
    breaker.retrySoon();
    expect(breaker.due()).toEqual(['bad']);
  });

  it('is sound again as soon as an attempt comes back, and has to fail as often as before', () => {
    expect(breaker.noteReturn('other')).toBe(false);
    expect(breaker.noteReturn('bad')).toBe(true);
    expect(breaker.noteReturn('bad')).toBe(false);
    expect([breaker.size, breaker.isIdle, breaker.nextIn()]).toEqual([0, true, null]);
    expect(die(2, 'bad')).toEqual([]);
    expect(die(1, 'bad')).toEqual(['bad']);
    expect(breaker.nextIn()).toBe(BREAKER_RULES.baseWaitMs);
  });

  it('is forgotten when it was due for ten minutes and nothing died', () => {
    now += BREAKER_RULES.baseWaitMs + BREAKER_RULES.forgetMs - 1;
    expect(breaker.takeForgotten()).toEqual([]);
    now += 1;
    expect(breaker.takeForgotten()).toEqual(['bad']);
    expect(breaker.isIdle).toBe(true);
  });

  it('stays so while another one recovers', () => {
    die(3, 'worse');
    expect(degraded()).toEqual(['bad', 'worse']);
    breaker.noteReturn('bad');
    expect(degraded()).toEqual(['worse']);
  });
});
