import { describe, expect, it } from 'vitest';
import {
  isFurtherRequest,
  listenForFaults,
  listenForSignals,
  type StopSignal,
} from '../../src/process/signals.ts';

describe('isFurtherRequest', () => {
  const ask = (first: StopSignal, second: StopSignal, afterMs: number): boolean =>
    isFurtherRequest({ signal: first, atMono: 1_000 }, { signal: second, atMono: 1_000 + afterMs });

  it('takes a second Ctrl-C within 50 ms for the echo of the first', () => {
    expect(ask('SIGINT', 'SIGINT', 0)).toBe(false);
    expect(ask('SIGINT', 'SIGINT', 49)).toBe(false);
    expect(ask('SIGINT', 'SIGINT', 50)).toBe(true);
  });

  it('takes every SIGTERM, and a change of signal, at its word', () => {
    expect(ask('SIGTERM', 'SIGTERM', 0)).toBe(true);
    expect(ask('SIGINT', 'SIGTERM', 0)).toBe(true);
    expect(ask('SIGTERM', 'SIGINT', 0)).toBe(true);
  });
});

describe('listening', () => {
  const count = (): readonly number[] =>
    ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2', 'uncaughtException'].map((name) =>
      process.listenerCount(name),
    );

  it('leaves nothing behind', () => {
    const before = count();
    const stopListening = listenForSignals({
      stop: () => {},
      hangUp: () => {},
      reopenLogs: () => {},
    });
    const stopCatching = listenForFaults(() => {});
    expect(count()).toEqual(before.map((n) => n + 1));
    stopListening();
    stopCatching();
    expect(count()).toEqual(before);
  });
});
