import { describe, expect, test } from 'vitest';
import type { ProcessState, ProcessView, Role } from '../../src/protocol/supervision.ts';
import {
  startingStatus,
  stoppingStatus,
  workingStatus,
} from '../../src/supervisor/systemd-status.ts';

function view(role: Role, state: ProcessState, restarts = 0): ProcessView {
  return { role, state, restarts, pid: state === 'stopped' ? null : 1, since: null };
}

const own: ProcessView = { ...view('core', 'ready'), role: 'supervisor' };
const all = (state: ProcessState): readonly ProcessView[] => [
  own,
  view('core', state),
  view('executor', state),
  view('executor', state),
  view('gateway', state),
];

describe('the status of a service', () => {
  test('counts what is up while it starts', () => {
    const views = [own, view('core', 'ready'), view('executor', 'starting')];
    expect(startingStatus(views)).toBe('Starting: 1 of 2 processes are up');
  });

  test('counts who works', () => {
    expect(workingStatus(all('ready'))).toBe('Ready: 2 executors, 1 gateway');
    expect(workingStatus([own, view('core', 'ready')])).toBe('Ready: core');
  });

  test('does not count who goes because another has come', () => {
    const views = [...all('ready'), view('executor', 'retiring')];
    expect(workingStatus(views)).toBe('Ready: 2 executors, 1 gateway');
  });

  test('says who has the data, where it is another daemon', () => {
    const views = [own, view('core', 'standby'), view('executor', 'ready')];
    expect(workingStatus(views)).toBe('Standing by: another daemon owns the data; 1 executor');
  });

  test('says what is wrong, once for each kind', () => {
    const views = [
      ...all('ready'),
      view('executor', 'backoff', 4),
      view('executor', 'starting', 4),
      view('gateway', 'starting', 1),
    ];
    expect(workingStatus(views)).toBe(
      'Degraded: executor ended 4 times and is restarted; gateway ended once and is restarted',
    );
    expect(startingStatus([own, view('core', 'backoff', 2)])).toBe(
      'Starting: 0 of 1 processes are up: core ended 2 times and is restarted',
    );
  });

  test('says for how long a drain may go on, and when there is none', () => {
    expect(stoppingStatus(all('stopping'), 12_400)).toBe(
      'Draining: 2 executors end their jobs, at most 13 s more',
    );
    expect(stoppingStatus([own, view('executor', 'stopping'), view('core', 'ready')], 900)).toBe(
      'Draining: 1 executor ends its jobs, at most 1 s more',
    );
    expect(stoppingStatus([own, view('core', 'stopping'), view('executor', 'stopped')], 900)).toBe(
      'Stopping',
    );
  });
});
