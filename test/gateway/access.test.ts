import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createAccessCheck, DirectoryAccess } from '../../src/gateway/access.ts';
import { CoreFixture } from './core-fixture.ts';

const QUESTION = { user: 'ada', type: 'job', id: '1' };
const signal = new AbortController().signal;

let directory: string;
let core: CoreFixture;
let lines: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'taskbell-access-'));
  core = new CoreFixture(join(directory, 'control.sock'));
  lines = [];
});
afterEach(async () => {
  await core.stop();
  rmSync(directory, { recursive: true, force: true });
});

const log = () => pino({}, { write: (line: string) => void lines.push(line) });

it('asks nobody when everything is open', async () => {
  const access = createAccessCheck({ users: 'any', datasets: 'any' }, core.socketPath, log());
  expect(await access.check(QUESTION, signal)).toBe(0);
});

it.each([
  { users: 'directory', datasets: 'any' },
  { users: 'any', datasets: 'directory' },
] as const)('asks the core with %j', async (settings) => {
  await core.start();
  core.answer = () => 3;
  const access = createAccessCheck(settings, core.socketPath, log());
  expect(await access.check(QUESTION, signal)).toBe(3);
  expect(core.questions).toEqual([QUESTION]);
  access.close();
});

it('waits for a core that is away for a moment', async () => {
  const access = new DirectoryAccess(core.socketPath, log());
  const answer = access.check(QUESTION, signal);
  await core.start();
  expect(await answer).toBe(0);
  expect(lines).toEqual([]);
  access.close();
});

it('denies when the core stays away, and says so', async () => {
  const access = new DirectoryAccess(core.socketPath, log(), 100);
  expect(await access.check(QUESTION, signal)).toBe(4);
  expect(lines).toEqual([expect.stringContaining('access denied because the core gave no answer')]);
  access.close();
});

it('denies at once when the answer makes no sense', async () => {
  await core.start();
  core.answer = () => 7 as never;
  const access = new DirectoryAccess(core.socketPath, log());
  expect(await access.check(QUESTION, signal)).toBe(4);
  expect(core.questions).toHaveLength(1);
  access.close();
});

it('gives up at once when the connection has gone', async () => {
  const access = new DirectoryAccess(core.socketPath, log());
  const gone = new AbortController();
  const answer = access.check(QUESTION, gone.signal);
  gone.abort();
  await expect(answer).rejects.toThrow();
  expect(lines).toEqual([]);
  access.close();
});
