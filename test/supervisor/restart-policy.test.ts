import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decideRestart,
  judgeExit,
  NO_RESTARTS,
  type RestartHistory,
} from '../../src/supervisor/restart-policy.ts';

interface Entry {
  readonly delayMs: number;
  readonly heldBack: boolean;
  readonly degraded: boolean;
  readonly atMono: number;
}

/** Lets a child live for the given times, one after the other, on a clock that only this test moves. */
function runLives(livesMs: readonly number[]): readonly Entry[] {
  let nowMono = 1_000;
  let history: RestartHistory = NO_RESTARTS;
  return livesMs.map((lifeMs) => {
    const life = { startedMono: nowMono, endedMono: nowMono + lifeMs };
    const decision = decideRestart(history, life);
    history = decision.history;
    nowMono = life.endedMono + decision.delayMs;
    const { delayMs, heldBack, degraded } = decision;
    return { delayMs, heldBack, degraded, atMono: nowMono };
  });
}

const delaysOf = (livesMs: readonly number[]): readonly number[] =>
  runLives(livesMs).map((entry) => entry.delayMs);

describe('decideRestart', () => {
  it('restarts at once after the first exit, then waits 100 ms doubling to 30 s', () => {
    expect(delaysOf(Array(13).fill(0))).toEqual([
      0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000, 30_000,
    ]);
  });

  it('forgets the row after a life of 5 s, and not after one of 4.999 s', () => {
    expect(delaysOf([0, 0, 0, 5_000, 0])).toEqual([0, 100, 200, 0, 100]);
    expect(delaysOf([0, 0, 0, 4_999, 0])).toEqual([0, 100, 200, 400, 800]);
  });

  it('holds the eleventh restart within a minute back, even when every life was steady', () => {
    const entries = runLives(Array(11).fill(5_000));
    expect(entries.slice(0, 10).map((entry) => entry.delayMs)).toEqual(Array(10).fill(0));
    // The first of ten restarts was 50 s before this exit: 10 s until it leaves the window.
    expect(entries[10]).toMatchObject({ delayMs: 10_000, heldBack: true });
  });

  it('holds it back for longer than any backoff where the minute asks for it', () => {
    const entries = runLives(Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? 5_000 : 0)));
    const [first] = entries;
    expect(entries[10]).toMatchObject({ heldBack: true, atMono: (first?.atMono ?? 0) + 60_000 });
  });

  it('starts at most ten times in any minute, and waits for at most 30 s or for that, whatever the lives are', () => {
    const life = fc.oneof(fc.integer({ min: 0, max: 6_000 }), fc.integer({ min: 0, max: 90_000 }));
    fc.assert(
      fc.property(fc.array(life, { maxLength: 60 }), (lives) => {
        const entries = runLives(lives);
        for (const [n, { atMono, delayMs }] of entries.entries()) {
          const tenBefore = entries[n - 10]?.atMono ?? Number.NEGATIVE_INFINITY;
          expect(atMono - tenBefore).toBeGreaterThanOrEqual(60_000);
          if (delayMs > 30_000) expect(atMono - tenBefore).toBe(60_000);
        }
      }),
    );
  });

  it('calls a place degraded from the fifth short life in a row on, and when it is held back', () => {
    const flags = (lives: readonly number[]) => runLives(lives).map(({ degraded }) => degraded);
    expect(flags(Array(6).fill(0))).toEqual([false, false, false, false, true, true]);
    expect(flags([0, 0, 0, 0, 5_000, 0])).toEqual(Array(6).fill(false));
    expect(flags(Array(11).fill(5_000))).toEqual([...Array(10).fill(false), true]);
  });

  it('lets restarts that are a minute apart happen at once for ever', () => {
    expect(delaysOf(Array(30).fill(60_000))).toEqual(Array(30).fill(0));
  });

  it('keeps at most ten restarts in its memory', () => {
    let history = NO_RESTARTS;
    for (let n = 0; n < 100; n += 1) {
      history = decideRestart(history, { startedMono: n, endedMono: n + 1 }).history;
    }
    expect(history.restartsMono).toHaveLength(10);
  });
});

describe('judgeExit', () => {
  const first = { everReady: false, told: true, standby: true };
  const later = { everReady: true, told: true, standby: true };

  it.each([65, 73, 77, 78])('gives up on exit code %i during the first start', (exitCode) => {
    expect(judgeExit({ exitCode, ...first })).toEqual({ kind: 'give-up', exitCode });
  });

  it.each([65, 77, 78])('gives up on exit code %i after it worked', (exitCode) => {
    expect(judgeExit({ exitCode, ...later })).toEqual({ kind: 'give-up', exitCode });
  });

  it.each([65, 73, 75, 77, 78])(
    'starts again after an exit with %i that the process did not explain: a handler may exit',
    (exitCode) => {
      const exit = { exitCode, everReady: false, told: false, standby: false };
      expect(judgeExit(exit)).toEqual({ kind: 'restart' });
    },
  );

  it('starts again when a port is taken after it worked', () => {
    expect(judgeExit({ exitCode: 73, ...later })).toEqual({ kind: 'restart' });
  });

  it('gives up on an owned data directory only where standing by is not allowed', () => {
    expect(judgeExit({ exitCode: 75, everReady: false, told: true, standby: false })).toEqual({
      kind: 'give-up',
      exitCode: 75,
    });
    expect(judgeExit({ exitCode: 75, ...first })).toEqual({ kind: 'restart' });
  });

  it.each([0, 1, 70, 74, null])('starts again after %s, which counts as unexpected', (exitCode) => {
    expect(judgeExit({ exitCode, ...first })).toEqual({ kind: 'restart' });
    expect(judgeExit({ exitCode, ...later })).toEqual({ kind: 'restart' });
  });
});
