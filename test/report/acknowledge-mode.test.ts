import { expect, test } from 'vitest';
import {
  decideOverdue,
  initialMode,
  modeAfterAcknowledgement,
  settlesWhenTaken,
  shownMode,
} from '../../src/report/acknowledge-mode.ts';

test('auto begins undecided; required and off are what they say', () => {
  expect(['auto', 'required', 'off'].map((s) => initialMode(s as 'auto'))).toEqual([
    'undecided',
    'required',
    'off',
  ]);
});

test('one acknowledgement makes auto required, also after it had fallen back', () => {
  expect(modeAfterAcknowledgement('undecided')).toBe('required');
  expect(modeAfterAcknowledgement('fallen-back')).toBe('required');
});

test('an acknowledgement that nobody asked for leaves off as it is', () => {
  expect(modeAfterAcknowledgement('off')).toBe('off');
});

test('only an undecided client falls back; one that knows acknowledgements emits again', () => {
  expect(decideOverdue('undecided')).toBe('fall-back');
  expect(decideOverdue('required')).toBe('emit-again');
  expect(decideOverdue('fallen-back')).toBe('wait');
  expect(decideOverdue('off')).toBe('wait');
});

test('the transport is believed when off or fallen back, and never else', () => {
  const modes = ['off', 'fallen-back', 'undecided', 'required'] as const;
  expect(modes.map(settlesWhenTaken)).toEqual([true, true, false, false]);
});

test('the status shows the mode in the words of the setting', () => {
  const modes = ['off', 'fallen-back', 'undecided', 'required'] as const;
  expect(modes.map(shownMode)).toEqual(['off', 'off', 'auto', 'required']);
});
