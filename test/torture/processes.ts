/** What /proc says about the processes of one `taskbell up`. Linux only, as the crash tests are. */
import { readdirSync, readFileSync } from 'node:fs';
import { identityOf, isAlive, signal } from '../../src/process/process-identity.ts';
import { EXECUTOR_MARK, type ProcessIdentity, RUN_MARK } from '../../src/protocol/execute.ts';

export type TreeRole = 'core' | 'executor' | 'gateway' | 'guardian' | 'handler';

export interface TreeProcess {
  readonly role: TreeRole;
  readonly identity: ProcessIdentity;
}

/** Everything below the supervisor, alive now: its children, and what carries the mark of its run. */
export function treeBelow(supervisor: number): readonly TreeProcess[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== supervisor)
    .flatMap((pid) => {
      const role = roleOf(pid, supervisor);
      const identity = identityOf(pid);
      return role !== undefined && isAlive(identity) ? [{ role, identity }] : [];
    });
}

/** Kills exactly this process, not a later one with its number. */
export function killExactly(identity: ProcessIdentity): void {
  if (isAlive(identity)) signal(identity.pid, 'SIGKILL');
}

export function describeProcess({ role, identity }: TreeProcess): string {
  return `${role} ${identity.pid} (${read(`/proc/${identity.pid}/cmdline`).replaceAll('\0', ' ')})`;
}

function roleOf(pid: number, supervisor: number): TreeRole | undefined {
  const environment = read(`/proc/${pid}/environ`).split('\0');
  // A run is named after its supervisor: `PID-random`.
  const marked = environment.some((entry) => entry.startsWith(`${RUN_MARK}=${supervisor}-`));
  if (marked && environment.some((entry) => entry.startsWith(`${EXECUTOR_MARK}=`))) {
    return 'handler';
  }
  const words = read(`/proc/${pid}/cmdline`).split('\0');
  const role = words.at(words.indexOf('__child') + 1);
  if (marked && (role === 'core' || role === 'executor' || role === 'gateway')) return role;
  if (marked) return 'handler';
  return words.includes('taskbell-guardian') && parentOf(pid) === supervisor
    ? 'guardian'
    : undefined;
}

function parentOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    // Gone between the listing and the look.
    return '';
  }
}
