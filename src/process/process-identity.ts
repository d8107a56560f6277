/**
 * Tells a process from a later one that got the same pid, and finds processes by their mark.
 *
 * Linux: the start time of /proc/PID/stat (field 22, see proc(5)). Elsewhere the pid alone.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { ProcessIdentity } from '../protocol/execute.ts';

export function identityOf(pid: number): ProcessIdentity {
  return { pid, startTime: readStat(pid)?.startTime ?? '' };
}

/** False for a process that is gone, for a zombie, and for another process with the same pid. */
export function isAlive(identity: ProcessIdentity): boolean {
  const stat = readStat(identity.pid);
  if (stat !== undefined) {
    const same = identity.startTime === '' || stat.startTime === identity.startTime;
    return same && stat.state !== 'Z' && stat.state !== 'X';
  }
  return identity.startTime === '' && signal(identity.pid, 0);
}

/** True when the signal was delivered; false when nothing with this id exists or may be signalled. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    // ESRCH: already gone, which is what the caller wants; EPERM: not ours to end.
    return false;
  }
}

/** Signals a whole process group. */
export function signalGroup(groupId: number, name: NodeJS.Signals | 0): boolean {
  return signal(-groupId, name);
}

/**
 * True while a process of the group lives. Zombies can be signalled until somebody waits for them, which
 * in a container without an init is never: where there is a /proc, a closer look tells them apart.
 */
export function isGroupAlive(groupId: number): boolean {
  if (!signalGroup(groupId, 0)) return false;
  const pids = listPids();
  return pids.length === 0 || pids.some((pid) => livingMember(pid, groupId) !== undefined);
}

/** A process of a group. */
export interface GroupMember extends ProcessIdentity {
  readonly session: number;
}

/** Those that live; undefined where there is no /proc. */
export function membersOf(groupId: number): readonly GroupMember[] | undefined {
  const pids = listPids();
  if (pids.length === 0) return undefined;
  return pids.flatMap((pid) => {
    const stat = livingMember(pid, groupId);
    return stat === undefined ? [] : [{ pid, startTime: stat.startTime, session: stat.session }];
  });
}

function livingMember(pid: number, groupId: number): Stat | undefined {
  const stat = readStat(pid);
  return stat?.group === groupId && stat.state !== 'Z' && stat.state !== 'X' ? stat : undefined;
}

/** Pids of all processes with `mark=value` in their environment. Empty where there is no /proc. */
export function findMarked(mark: string, value: string): readonly number[] {
  const wanted = `${mark}=${value}`;
  return listPids().filter((pid) => pid !== process.pid && environmentOf(pid).includes(wanted));
}

function listPids(): readonly number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    // No /proc on this system.
    return [];
  }
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  } catch {
    // Gone meanwhile, or another user's process.
    return [];
  }
}

interface Stat {
  readonly state: string;
  readonly group: number;
  readonly session: number;
  readonly startTime: string;
}

function readStat(pid: number): Stat | undefined {
  try {
    // The command name (field 2) may hold spaces and brackets: count from the last one.
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return {
      state: fields[0] ?? '',
      group: Number(fields[2]),
      session: Number(fields[3]),
      startTime: fields[19] ?? '',
    };
  } catch {
    return undefined;
  }
}
