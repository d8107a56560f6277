import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SystemdWatchdog } from '../../src/supervisor/systemd-watchdog.ts';

let feeds = 0;
let complaints = 0;
let answer: (() => Promise<boolean>) | undefined;
let watchdog: SystemdWatchdog;

beforeEach(() => {
  vi.useFakeTimers();
  feeds = 0;
  complaints = 0;
  answer = undefined;
  watchdog = new SystemdWatchdog({
    watchdogMs: 90_000,
    answers: () => answer?.() ?? Promise.resolve(true),
    feed: () => {
      feeds += 1;
    },
    hungry: () => {
      complaints += 1;
    },
    log: pino({ level: 'silent' }),
  });
});

afterEach(() => {
  watchdog.stop();
  vi.useRealTimers();
});

const turns = (count: number) => vi.advanceTimersByTimeAsync(30_000 * count);

describe('the watchdog of the service manager', () => {
  test('is fed at once, and three times in its time', async () => {
    watchdog.start();
    await turns(0);
    expect(feeds).toBe(1);
    await turns(3);
    expect(feeds).toBe(4);
  });

  test('is not fed while the core does not answer, which is said once', async () => {
    const late: ((alive: boolean) => void)[] = [];
    answer = () => new Promise((resolve) => late.push(resolve));
    watchdog.start();
    await turns(5);
    expect({ feeds, complaints, asked: late.length }).toEqual({
      feeds: 0,
      complaints: 1,
      asked: 1,
    });
    answer = undefined;
    late[0]?.(true);
    await turns(1);
    expect({ feeds, complaints }).toEqual({ feeds: 2, complaints: 1 });
  });

  test('asks the next core where the former one is gone', async () => {
    let asked = 0;
    answer = async () => {
      asked += 1;
      return asked > 1;
    };
    watchdog.start();
    await turns(0);
    expect({ feeds, asked }).toEqual({ feeds: 0, asked: 1 });
    await turns(1);
    expect({ feeds, asked, complaints }).toEqual({ feeds: 1, asked: 2, complaints: 0 });
  });

  test('is not fed any more after a stop, though an answer comes', async () => {
    let come: (alive: boolean) => void = () => {};
    answer = () =>
      new Promise((resolve) => {
        come = resolve;
      });
    watchdog.start();
    watchdog.stop();
    come(true);
    await turns(3);
    expect(feeds).toBe(0);
  });
});
