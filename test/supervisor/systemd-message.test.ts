import { describe, expect, test } from 'vitest';
import {
  extendMessage,
  type NotifyFields,
  queueMessage,
  readyMessage,
  reloadingMessage,
  stoppingMessage,
  toArguments,
} from '../../src/supervisor/systemd-message.ts';

const queued = (...messages: readonly NotifyFields[]): readonly NotifyFields[] =>
  messages.reduce<readonly NotifyFields[]>(queueMessage, []);

describe('messages that wait', () => {
  test('become one, of which the latest words hold', () => {
    expect(queued({ STATUS: 'a' }, { WATCHDOG: '1' }, { STATUS: 'b' })).toEqual([
      { STATUS: 'b', WATCHDOG: '1' },
    ]);
  });

  test('take a state in, or are taken in by one', () => {
    expect(queued({ STATUS: 'a' }, readyMessage('ready'), { WATCHDOG: '1' })).toEqual([
      { READY: '1', STATUS: 'ready', WATCHDOG: '1' },
    ]);
  });

  test('never take two states in, nor change their places', () => {
    const waiting = queued(
      readyMessage('ready'),
      reloadingMessage(17n),
      readyMessage('again'),
      stoppingMessage('stopping', 15_000),
      extendMessage('draining', 15_000),
    );
    expect(waiting).toEqual([
      { READY: '1', STATUS: 'ready' },
      { RELOADING: '1', MONOTONIC_USEC: '17', STATUS: 'Reloading the configuration' },
      { READY: '1', STATUS: 'again' },
      { STOPPING: '1', EXTEND_TIMEOUT_USEC: '15000000', STATUS: 'draining' },
    ]);
  });

  test('are one assignment for each word, whatever is in it', () => {
    expect(toArguments({ STATUS: 'two\nREADY=1 lines', WATCHDOG: '1' })).toEqual([
      'STATUS=two READY=1 lines',
      'WATCHDOG=1',
    ]);
  });
});
