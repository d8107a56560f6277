import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { survivorsOf } from '../../src/core/orphaned-group.ts';
import { identityOf, membersOf, signalGroup } from '../../src/process/process-identity.ts';

const GROUP = { pid: 100, startTime: '5000' };
const member = (pid: number, startTime: string, session = 100) => ({ pid, startTime, session });

it('all of a group are its own while its leader lives', () => {
  const members = [member(100, '5000'), member(101, '5001'), member(102, '4999', 7)];
  expect(survivorsOf(GROUP, members)).toEqual(members);
});

it('none is where another process has the number of the leader', () => {
  expect(survivorsOf(GROUP, [member(100, '7000'), member(101, '7001')])).toEqual([]);
  expect(survivorsOf({ ...GROUP, startTime: '' }, [member(100, '7000')])).toEqual([]);
});

it('what a leader has left is its own, but nobody who is older than it or is of another session', () => {
  const own = [member(101, '5000'), member(102, '9000')];
  const strangers = [member(103, '4999'), member(104, '6000', 7)];
  expect(survivorsOf(GROUP, [...own, ...strangers])).toEqual(own);
});

it('finds what a real leader has left (needs Linux: /proc)', async () => {
  const leader = spawn('/bin/sh', ['-c', 'sleep 1000 & read line'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const { pid = -1 } = leader;
  onTestFinished(() => void signalGroup(pid, 'SIGKILL'));
  const group = identityOf(pid);
  await expect.poll(() => membersOf(pid)?.length, { timeout: 20_000 }).toBe(2);
  const [, child] = (membersOf(pid) ?? []).toSorted((a, b) => a.pid - b.pid);
  leader.stdin?.end('\n');
  await once(leader, 'exit');
  expect(survivorsOf(group, membersOf(pid) ?? [])).toEqual([child]);
  const later = { ...group, startTime: `${Number(group.startTime) + 1_000_000}` };
  expect(survivorsOf(later, membersOf(pid) ?? [])).toEqual([]);
});
