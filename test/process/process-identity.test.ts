import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  findMarked,
  identityOf,
  isAlive,
  isGroupAlive,
  signal,
  signalGroup,
} from '../../src/process/process-identity.ts';

const started: ChildProcess[] = [];

function start(environment: Readonly<Record<string, string>> = {}, detached = false): number {
  const child = spawn('sleep', ['1000'], {
    stdio: 'ignore',
    detached,
    env: { ...process.env, ...environment },
  });
  started.push(child);
  if (child.pid === undefined) throw new Error('no sleep');
  return child.pid;
}

async function ended(index: number): Promise<void> {
  const child = started[index];
  if (child !== undefined && child.exitCode === null && child.signalCode === null) {
    await once(child, 'exit');
  }
}

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

describe('isAlive', () => {
  it('is true for a process that runs, and false once it has ended', async () => {
    const identity = identityOf(start());
    expect(identity.startTime).toMatch(/^\d+$/);
    expect(isAlive(identity)).toBe(true);
    signal(identity.pid, 'SIGKILL');
    await ended(0);
    expect(isAlive(identity)).toBe(false);
  });

  it('is false for a later process that got the same pid', () => {
    const identity = identityOf(start());
    expect(isAlive({ ...identity, startTime: `${Number(identity.startTime) - 1}` })).toBe(false);
  });

  it('is false for a zombie, which nobody has waited for', async () => {
    // The shell becomes a program that never waits for the child that it was given. The child must end
    // only after that: a shell still collects its own.
    const parent = spawn('/bin/sh', ['-c', 'sleep 1000 & echo $!; exec tail -f /dev/null'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    started.push(parent);
    const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
    const zombie = { pid: Number(chunk.toString()), startTime: '' };
    await expect.poll(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8')).toBe('tail\n');
    signal(zombie.pid, 'SIGKILL');
    await expect.poll(() => isAlive(zombie)).toBe(false);
    expect(signal(zombie.pid, 0)).toBe(true);
  });
});

describe('signal', () => {
  it('says false when there is nothing to signal', () => {
    expect(signal(2 ** 22 + 1, 0)).toBe(false);
  });

  it('reaches a whole group', async () => {
    const leader = start({}, true);
    expect(signalGroup(leader, 'SIGTERM')).toBe(true);
    await ended(0);
    expect(isAlive({ pid: leader, startTime: '' })).toBe(false);
  });
});

describe('findMarked', () => {
  it('finds exactly the processes with this mark and value', async () => {
    const value = `test-${process.pid}`;
    const marked = start({ TASKBELL_TEST_MARK: value });
    start({ TASKBELL_TEST_MARK: `${value}0` });
    start({ TASKBELL_TEST_MARK_2: value });
    await expect.poll(() => findMarked('TASKBELL_TEST_MARK', value)).toEqual([marked]);
  });
});

describe('isGroupAlive', () => {
  it('is true while anybody of the group lives, its leader or not', async () => {
    const leader = spawn('/bin/sh', ['-c', 'sleep 1000 & exit'], {
      stdio: 'ignore',
      detached: true,
    });
    started.push(leader);
    if (leader.pid === undefined) throw new Error('no shell');
    await ended(0);
    expect(isGroupAlive(leader.pid)).toBe(true);
    signalGroup(leader.pid, 'SIGKILL');
    await expect.poll(() => isGroupAlive(leader.pid ?? 0)).toBe(false);
  });

  it('is false for a group of zombies, which nobody has waited for', async () => {
    // Node waits for its children in its event loop, which never turns here.
    const script = `
      const { pid } = require('node:child_process').spawn('true', { detached: true });
      require('node:fs').writeSync(1, String(pid));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`;
    const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    started.push(parent);
    const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
    const group = Number(chunk.toString());
    await expect.poll(() => isGroupAlive(group)).toBe(false);
    expect(signalGroup(group, 0)).toBe(true);
  });
});
