/** Options of `job add` about unique keys and durability: what the daemon is asked, what is printed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeAdded } from '../../src/cli/job-text.ts';
import type { AddedJob } from '../../src/protocol/jobs.ts';
import { ControlServer } from '../client/control-server.ts';
import { runCommand } from './run-command.ts';

let server: ControlServer;
let cwd: string;

beforeEach(async () => {
  server = await ControlServer.create();
  cwd = await mkdtemp(path.join(tmpdir(), 'taskbell-cli-'));
});

afterEach(async () => {
  await server.dispose();
  await rm(cwd, { recursive: true, force: true });
});

function add(...options: readonly string[]) {
  return runCommand(['--socket', server.socketPath, 'job', 'add', 'mail', ...options], { cwd });
}

test.each([
  ['--unique k', { uniqueKey: 'k' }],
  ['--unique k --unique-policy reject', { unique: { key: 'k', policy: 'reject' } }],
  ['--unique-by payload', { unique: { by: 'payload' } }],
  [
    '--unique k --unique-policy debounce -d 2s --unique-max-wait 1m --unique-window 1h',
    {
      unique: { key: 'k', policy: 'debounce', windowMs: 3_600_000, maxWaitMs: 60_000 },
      delayMs: 2_000,
    },
  ],
  ['--durability os', { durability: 'os' }],
])('job add %s asks for what it says', async (options, expected) => {
  expect(await add(...options.split(' '))).toMatchObject({ exitCode: 0 });
  expect(server.asked.at(-1)?.body).toEqual({ type: 'mail', payload: null, ...expected });
});

test.each([
  '--unique-by type',
  '--unique k --unique-policy sometimes',
  '--unique k --unique-window soon',
  '--durability none',
])('job add %s is refused before the daemon is asked', async (options) => {
  expect(await add(...options.split(' '))).toMatchObject({ exitCode: 64, stdout: '' });
  expect(server.asked).toEqual([]);
});

const JOB = { id: '5', type: 'mail', queue: 'default', runAt: null, duplicate: true };

test.each([
  [{ unique: 'kept', state: 'running' }, 'has this unique key and is not finished: running'],
  [{ unique: 'kept', state: 'failed' }, 'for a while yet, and has ended: failed'],
  [{ unique: 'replaced', state: 'queued' }, 'took this payload: queued on default'],
  [
    { unique: 'postponed', state: 'scheduled', runAt: '2026-11-22T10:00:00.000Z' },
    'was put off: scheduled for 2026-11-22T10:00:00.000Z on default',
  ],
  [{ unique: 'follows', state: 'running' }, 'is running: one more runs when it has ended'],
  [{ unique: 'added', state: 'queued', duplicate: false }, 'added job 5 (mail): queued on default'],
])('an answer of %j is told in words', (answer, words) => {
  expect(describeAdded({ ...JOB, ...answer } as AddedJob)).toContain(words);
});
