/** Each judgement of `doctor`, on both sides of its bounds. */
import { describe, expect, test } from 'vitest';
import { exitCodeFor, type Finding, fail, ok, warn } from '../../../src/cli/doctor/finding.ts';
import {
  judgeClock,
  judgeDescriptors,
  judgeFileSystem,
  judgeNode,
  judgePragmas,
  judgeSpace,
  judgeSqlite,
  judgeSync,
  judgeUnwritten,
} from '../../../src/cli/doctor/machine-judgements.ts';
import { judgeOwn, judgeSecrets } from '../../../src/cli/doctor/permission-judgements.ts';

const PRAGMAS = { journal_mode: 'wal', synchronous: 2, foreign_keys: 1, trusted_schema: 0 };
const NOW = Date.parse('2026-11-22T10:00:00Z');
const UTC = { wallMs: NOW, stepMs: 0, timeZone: 'UTC' };
const file = (mode: number | null) => ({ what: 'f', path: '/f', mode });

const CASES: readonly (readonly [string, Finding, 'ok' | 'warn' | 'fail'])[] = [
  ['a Node that is new enough', judgeNode('20.19.0', 'here'), 'ok'],
  ['a newer one', judgeNode('24.1.0', 'here'), 'ok'],
  ['one that is too old', judgeNode('20.18.9', 'here'), 'fail'],
  ['an SQLite that is new enough', judgeSqlite('3.51.3', null), 'ok'],
  ['one with the bug', judgeSqlite('3.51.2', null), 'fail'],
  ['a module that cannot be loaded', judgeSqlite(null, 'no such file'), 'fail'],
  ['pragmas in force', judgePragmas(PRAGMAS), 'ok'],
  [
    'a commit that did not wait for the disk just before',
    judgePragmas({ ...PRAGMAS, synchronous: 1 }),
    'ok',
  ],
  ['a journal of another kind', judgePragmas({ ...PRAGMAS, journal_mode: 'delete' }), 'fail'],
  ['synchronous off', judgePragmas({ ...PRAGMAS, synchronous: 0 }), 'fail'],
  ['a pragma that is missing', judgePragmas({}), 'fail'],
  ['ext4', judgeFileSystem(0xef53), 'ok'],
  ['one that is not known', judgeFileSystem(0x1234), 'ok'],
  ['a system that does not say', judgeFileSystem(null), 'ok'],
  ['nfs', judgeFileSystem(0x6969), 'fail'],
  ['cifs, as a signed number', judgeFileSystem(0xff534d42 | 0), 'fail'],
  ['tmpfs', judgeFileSystem(0x01021994), 'warn'],
  ['overlay', judgeFileSystem(0x794c7630), 'warn'],
  ['much space', judgeSpace(5e9), 'ok'],
  ['little space', judgeSpace(500e6), 'warn'],
  ['no space', judgeSpace(10e6), 'fail'],
  ['a usual disk', judgeSync({ p50Ms: 2, p99Ms: 20 }), 'ok'],
  ['a disk that lies', judgeSync({ p50Ms: 0.01, p99Ms: 0.02 }), 'warn'],
  ['a slow disk', judgeSync({ p50Ms: 40, p99Ms: 90 }), 'warn'],
  ['a disk that stalls', judgeSync({ p50Ms: 2, p99Ms: 900 }), 'warn'],
  ['a sound clock', judgeClock(UTC), 'ok'],
  ['a clock of 1970', judgeClock({ ...UTC, wallMs: 0 }), 'fail'],
  ['a clock that says nothing', judgeClock({ ...UTC, wallMs: Number.NaN }), 'fail'],
  ['a clock that was stepped', judgeClock({ ...UTC, stepMs: -5_000 }), 'warn'],
  ['no time zone', judgeClock({ ...UTC, timeZone: null }), 'warn'],
  ['many descriptors', judgeDescriptors(65_536, 10_000), 'ok'],
  ['no limit', judgeDescriptors(Number.POSITIVE_INFINITY, 1_000_000), 'ok'],
  ['fewer than connections', judgeDescriptors(1_024, 10_000), 'warn'],
  ['few of them', judgeDescriptors(512, 0), 'warn'],
  ['too few to work', judgeDescriptors(64, 0), 'fail'],
  ['a directory of its own', judgeOwn(file(0o700), 0o700), 'ok'],
  ['one that is not there yet', judgeOwn(file(null), 0o700), 'ok'],
  ['one for its group', judgeOwn(file(0o750), 0o700), 'fail'],
  ['one for everybody', judgeOwn(file(0o701), 0o700), 'fail'],
  ['no secrets', judgeSecrets([file(null)]), 'ok'],
  ['secrets of their owner', judgeSecrets([file(0o600), file(0o400)]), 'ok'],
  ['a secret for the group', judgeSecrets([file(0o600), file(0o640)]), 'warn'],
  ['a secret for everybody', judgeSecrets([file(0o644)]), 'fail'],
];

test.each(CASES)('%s', (_, finding, level) => {
  expect(finding.level).toBe(level);
  expect(finding.remedy === null, finding.text).toBe(level === 'ok');
  expect(finding.code === null).toBe(level !== 'fail');
});

describe('the exit code', () => {
  test('is 0 without a failure, whatever there is to look at', () => {
    expect(exitCodeFor([ok('a', ''), warn('b', '', 'c')])).toBe(0);
  });

  test('is that of the first failure', () => {
    const config = fail('a', { text: '', remedy: 'r', code: 'E_CONFIG' });
    const away = fail('b', { text: '', remedy: 'r', code: 'E_DAEMON_UNREACHABLE' });
    expect(exitCodeFor([ok('x', ''), config, away])).toBe(78);
    expect(exitCodeFor([away, config])).toBe(69);
  });
});

test.each([
  ['EACCES', 73],
  ['ENOSPC', 74],
  ['EIO', 74],
  [undefined, 73],
])('a data directory that cannot be written for %s ends with %d', (code, exitCode) => {
  expect(exitCodeFor([judgeUnwritten('/d', code)])).toBe(exitCode);
});

test('a full disk is not blamed on the user', () => {
  expect(judgeUnwritten('/d', 'ENOSPC').remedy).toContain('free space');
});
