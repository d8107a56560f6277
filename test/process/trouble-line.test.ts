/** Warnings and errors, picked out of what a process logs. */
import { describe, expect, test } from 'vitest';
import { createTroubleWatch, readTrouble } from '../../src/process/trouble-line.ts';
import type { TroubleView } from '../../src/protocol/troubles.ts';

const OWN = { role: 'executor', pid: 7 } as const;
const lineAt = (level: number, more: object = {}): string =>
  `${JSON.stringify({ level, time: 1_767_322_800_000, msg: 'it broke', ...more })}\n`;

describe('a line', () => {
  test('is told with its time, its part, its message and what went wrong', () => {
    const err = { message: 'no answer\nat here', stack: 'long' };
    expect(readTrouble(lineAt(50, { component: 'report', err }), OWN)).toEqual({
      ...{ at: '2026-01-02T03:00:00.000Z', level: 'error', role: 'executor', pid: 7 },
      ...{ component: 'report', message: 'it broke', problem: 'no answer' },
    });
    expect(readTrouble(lineAt(40, { reason: 'xhr poll error' }), OWN)).toMatchObject({
      ...{ level: 'warn', problem: 'xhr poll error', component: null },
    });
    const killed = { process: 'core', exitCode: null, signal: 'SIGKILL' };
    expect(readTrouble(lineAt(40, killed), OWN)?.problem).toBe('core, SIGKILL');
    const ended = { process: 'executor', exitCode: 1, signal: null };
    expect(readTrouble(lineAt(40, ended), OWN)?.problem).toBe('executor, exit code 1');
    expect(readTrouble(lineAt(40, { time: 1e300 }), OWN)?.at).toBe('1970-01-01T00:00:00.000Z');
    expect(readTrouble(lineAt(60), OWN)).toMatchObject({ level: 'error', problem: null });
  });

  test.each([lineAt(30), 'not json', '{"level":50', 'null', '{"msg":"x"}'])(
    'is none: %j',
    (line) => {
      expect(readTrouble(line, OWN)).toBeUndefined();
    },
  );

  test('is cut, and loses what a terminal would act upon', () => {
    const trouble = readTrouble(lineAt(50, { msg: `\u001b[2J${'x'.repeat(5_000)}` }), OWN);
    expect(trouble?.message.length).toBeLessThanOrEqual(300);
    expect(trouble?.message).not.toContain('\u001b');
  });
});

describe('the watch', () => {
  function stand() {
    const told: TroubleView[] = [];
    let nowMono = 0;
    const hear = createTroubleWatch({
      ...{ ...OWN, tell: (trouble: TroubleView) => told.push(trouble) },
      nowMono: () => nowMono,
    });
    const pass = (ms: number) => {
      nowMono += ms;
    };
    return { told, hear, pass };
  }

  test('tells warnings and errors alone', () => {
    const { told, hear } = stand();
    for (const level of [10, 20, 30, 40, 50, 60]) hear(lineAt(level));
    hear('what a library wrote to the stream\n');
    expect(told.map(({ level }) => level)).toEqual(['warn', 'error', 'error']);
  });

  test('tells only so many in a while, and goes on afterwards', () => {
    const { told, hear, pass } = stand();
    for (let n = 0; n < 1_000; n += 1) hear(lineAt(50));
    expect(told).toHaveLength(20);
    pass(10_000);
    hear(lineAt(50));
    expect(told).toHaveLength(21);
  });
});
