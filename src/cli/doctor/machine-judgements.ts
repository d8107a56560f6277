/** Judges the machine: versions, disk, clock, limits. Pure: measurements go in, findings come out. */
import { formatBytes } from '../database-text.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** package.json, engines. */
const LEAST_NODE = [20, 19, 0];
/** Older ones can corrupt a write-ahead log (sqlite/database.ts). */
const LEAST_SQLITE = [3, 51, 3];

export function judgeNode(version: string, where: string): Finding {
  if (isAtLeast(version, LEAST_NODE)) return ok('node', `${version} (${where})`);
  return fail('node', {
    text: `${version}, too old (${where})`,
    remedy: `install Node ${LEAST_NODE.join('.')} or newer`,
    code: 'E_RUNTIME',
  });
}

/** @param version null: the module could not be loaded, and `problem` says why */
export function judgeSqlite(version: string | null, problem: string | null): Finding {
  if (version !== null && isAtLeast(version, LEAST_SQLITE)) return ok('sqlite', version);
  const text = version === null ? `cannot be loaded: ${problem}` : `${version}, too old`;
  const remedy = 'build it for this Node: `npm rebuild better-sqlite3`, or install taskbell anew';
  return fail('sqlite', { text, remedy, code: 'E_RUNTIME' });
}

function isAtLeast(version: string, least: readonly number[]): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, wanted] of least.entries()) {
    const part = parts[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}

/** As sqlite/database.ts sets them. NORMAL, 1, is in force after a commit that was not to wait for the disk. */
const IN_FORCE: readonly (readonly [name: string, values: readonly (string | number)[]])[] = [
  ['journal_mode', ['wal']],
  ['synchronous', [2, 1]],
  ['foreign_keys', [1]],
  ['trusted_schema', [0]],
];

export function judgePragmas(pragmas: Readonly<Record<string, string | number>>): Finding {
  const name = 'pragmas';
  const wrong = IN_FORCE.filter(([key, values]) => !values.includes(pragmas[key] ?? ''));
  const shown = (keys: readonly string[]) =>
    keys.map((key) => `${key}=${pragmas[key] ?? '?'}`).join(', ');
  if (wrong.length === 0) return ok(name, shown(IN_FORCE.map(([key]) => key)));
  return fail(name, {
    text: `not as they should be: ${shown(wrong.map(([key]) => key))}`,
    remedy: 'restart the daemon; if it stays so, put the data directory on a local file system',
    code: 'E_DATABASE_INVALID',
  });
}

type Kind = 'local' | 'network' | 'fleeting' | 'layered';

/** statfs(2), f_type. */
const FILE_SYSTEMS: ReadonlyMap<number, readonly [name: string, kind: Kind]> = new Map([
  [0xef53, ['ext4', 'local']],
  [0x58465342, ['xfs', 'local']],
  [0x9123683e, ['btrfs', 'local']],
  [0x2fc12fc1, ['zfs', 'local']],
  [0xf2f52010, ['f2fs', 'local']],
  [0x6969, ['nfs', 'network']],
  [0xff534d42, ['cifs', 'network']],
  [0xfe534d42, ['smb', 'network']],
  [0x517b, ['smb', 'network']],
  [0x01021997, ['9p', 'network']],
  [0x00c36400, ['ceph', 'network']],
  [0x5346414f, ['afs', 'network']],
  [0x6b414653, ['afs', 'network']],
  [0x0bd00bd0, ['lustre', 'network']],
  [0x7461636f, ['ocfs2', 'network']],
  [0x01161970, ['gfs2', 'network']],
  [0x65735546, ['fuse', 'layered']],
  [0x794c7630, ['overlay', 'layered']],
  [0x01021994, ['tmpfs', 'fleeting']],
  [0x858458f6, ['ramfs', 'fleeting']],
]);

/** @param type null: the system does not say */
export function judgeFileSystem(type: number | null): Finding {
  const name = 'file system';
  const found = type === null ? undefined : FILE_SYSTEMS.get(type >>> 0);
  if (found === undefined) return ok(name, 'of a kind that is not known here');
  const [title, kind] = found;
  switch (kind) {
    case 'local':
      return ok(name, title);
    case 'network':
      return fail(name, {
        text: `${title}: locks and the write-ahead log do not hold over a network`,
        remedy: 'put [daemon] dataDirectory on a disk of this machine',
        code: 'E_CONFIG',
      });
    case 'fleeting':
      return warn(
        name,
        `${title}: gone with a restart of the machine`,
        'take a disk for real work',
      );
    case 'layered':
      return warn(
        name,
        `${title}: in a container its content goes with it`,
        'mount a volume of a local disk at the data directory',
      );
  }
}

const FAIL_BYTES = 64 * 1_048_576;
const WARN_BYTES = 1_073_741_824;

export function judgeSpace(freeBytes: number | null): Finding {
  const name = 'free space';
  if (freeBytes === null) return ok(name, 'the system does not say');
  const text = formatBytes(freeBytes);
  const remedy = 'free space, or shorten [retention]';
  if (freeBytes < FAIL_BYTES) return fail(name, { text, remedy, code: 'E_DISK_FULL' });
  return freeBytes < WARN_BYTES ? warn(name, text, remedy) : ok(name, text);
}

export interface SyncTimes {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Below it no disk has answered: something keeps what should be on it. */
const TOO_FAST_MS = 0.02;
const SLOW_MS = 30;
const VERY_SLOW_P99_MS = 500;

export function judgeSync({ p50Ms, p99Ms }: SyncTimes): Finding {
  const name = 'fsync';
  const text = `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`;
  if (p50Ms < TOO_FAST_MS) {
    return warn(
      name,
      `${text}: too fast for a disk`,
      'in a power cut accepted jobs may be lost: look whether the disk honours fsync',
    );
  }
  if (p50Ms > SLOW_MS || p99Ms > VERY_SLOW_P99_MS) {
    return warn(
      name,
      `${text}: each commit waits so long`,
      'take a faster disk, or one of its own',
    );
  }
  return ok(name, text);
}

/** @param code what the system said */
export function judgeUnwritten(directory: string, code = 'no reason given'): Finding {
  const name = 'fsync';
  const text = `${directory} cannot be written: ${code}`;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return fail(name, { text, remedy: 'free space, or raise the quota', code: 'E_DISK_FULL' });
    case 'EIO':
    case 'EROFS':
      return fail(name, {
        text,
        remedy: 'look at the disk: `dmesg`, and how it is mounted',
        code: 'E_IO',
      });
    default:
      return fail(name, {
        text,
        remedy: 'run this as the user of the service, or correct [daemon] dataDirectory',
        code: 'E_CANNOT_CREATE',
      });
  }
}

export interface ClockReading {
  /** Epoch milliseconds. */
  readonly wallMs: number;
  /** How far the wall clock went, beyond the monotonic one, in the same stretch. */
  readonly stepMs: number;
  readonly timeZone: string | null;
}

/** This program was not written before. */
const BUILT_AFTER_MS = Date.UTC(2026, 0, 1);
const STEP_MS = 1_000;

export function judgeClock({ wallMs, stepMs, timeZone }: ClockReading): Finding {
  const name = 'clock';
  const now = Number.isFinite(wallMs) ? new Date(wallMs).toISOString() : 'no time at all';
  if (!(wallMs >= BUILT_AFTER_MS)) {
    return fail(name, {
      text: `says ${now}`,
      remedy: 'set the clock of this machine: timedatectl set-ntp true',
      code: 'E_RUNTIME',
    });
  }
  if (Math.abs(stepMs) > STEP_MS) {
    return warn(
      name,
      `was put ${Math.round(stepMs)} ms forward while it was looked at`,
      'let the clock be slewed instead of stepped: look at chrony or ntpd',
    );
  }
  if (timeZone === null) {
    return warn(name, `${now}, without a time zone`, 'set TZ: schedules without one run in UTC');
  }
  return ok(name, `${now}, time zone ${timeZone}`);
}

/** The log, the database, the core, and what a handler opens. */
const OWN_DESCRIPTORS = 256;
const LEAST_DESCRIPTORS = 1_024;

/** @param maxConnections 0: as many as there are descriptors for */
export function judgeDescriptors(limit: number, maxConnections: number): Finding {
  const name = 'open files';
  const shown = Number.isFinite(limit) ? String(limit) : 'no limit';
  const remedy = 'raise it: LimitNOFILE= in the unit, `ulimit -n` in a shell, --ulimit in Docker';
  if (limit < OWN_DESCRIPTORS) {
    return fail(name, { text: `${shown} are too few to work with`, remedy, code: 'E_CONFIG' });
  }
  if (maxConnections > 0 && limit < maxConnections + OWN_DESCRIPTORS) {
    return warn(
      name,
      `${shown}, and [webSocketEvents] maxConnections is ${maxConnections}`,
      remedy,
    );
  }
  if (maxConnections === 0 && limit < LEAST_DESCRIPTORS) {
    return warn(name, `${shown}: room for few connections`, remedy);
  }
  return ok(name, shown);
}
