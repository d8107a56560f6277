/** The core as a process: one owner awake, another on standby, and stops at any moment. */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadSettings } from '../../src/config/load-settings.ts';
import { createCoreProcess } from '../../src/core/core-process.ts';
import type { ChildService } from '../../src/process/child-process.ts';
import { deadlineIn } from '../../src/process/service.ts';

let directory: string;
const cores: ChildService[] = [];
const umask = process.umask();
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'taskbell-core-process-'));
});
afterEach(async () => {
  for (const core of cores.splice(0)) await core.stop(deadlineIn(2_000));
  rmSync(directory, { recursive: true, force: true });
  // Each core makes its own process careful; this one has other tests to run.
  process.umask(umask);
});

interface Made {
  readonly core: ChildService;
  readonly announced: string[];
  readonly failures: unknown[];
}

function make({ standby = true } = {}): Made {
  const file = path.join(directory, 'config.ini');
  writeFileSync(file, `[daemon]\ndataDirectory = ./data\nstandby = ${standby}\n`, { mode: 0o600 });
  const announced: string[] = [];
  const failures: unknown[] = [];
  const core = createCoreProcess({
    settings: loadSettings({
      flags: { config: file, overrides: [] },
      environment: {},
      cwd: directory,
    }).settings,
    ...{ role: 'core', index: 0, run: 'test', mode: 'up', supervisorPid: process.ppid },
    log: pino({ level: 'silent' }),
    announce: (state) => void announced.push(state),
    fail: (error) => void failures.push(error),
  });
  cores.push(core);
  return { core, announced, failures };
}

test('the first core wakes, the second stands by and wakes within 2 s of the first one’s stop', async () => {
  const [first, second] = [make(), make()];
  await first.core.start();
  await second.core.start();
  expect([first.announced, second.announced]).toEqual([['ready'], ['standby']]);
  await first.core.stop(deadlineIn(2_000));
  await expect
    .poll(() => second.announced, { timeout: 2_000, interval: 20 })
    .toEqual(['standby', 'ready']);
  expect([...first.failures, ...second.failures]).toEqual([]);
});

test('with standby = false a second core is refused, and the first one is left alone', async () => {
  const [first, second] = [make(), make({ standby: false })];
  await first.core.start();
  await expect(second.core.start()).rejects.toMatchObject({ code: 'E_OWNED' });
  await second.core.stop(deadlineIn(500));
  const third = make();
  await third.core.start();
  expect(third.announced).toEqual(['standby']);
});

test('it may be stopped twice, unstarted, on standby and while it starts; the lock is free after each', async () => {
  const unstarted = make();
  await unstarted.core.stop(deadlineIn(500));
  const first = make();
  const starting = first.core.start();
  await first.core.stop(deadlineIn(2_000));
  await starting;
  expect(existsSync(path.join(directory, 'data', 'control.sock'))).toBe(false);
  const second = make();
  await second.core.start();
  expect(second.announced).toEqual(['ready']);
  const waiting = make();
  await waiting.core.start();
  await waiting.core.stop(deadlineIn(500));
  await second.core.stop(deadlineIn(2_000));
  await second.core.stop(deadlineIn(2_000));
  const third = make();
  await third.core.start();
  expect(third.announced).toEqual(['ready']);
});

test('a core whose database is refused lets the lock go, so that a repaired one can start', async () => {
  const broken = make();
  const data = path.join(directory, 'data');
  await broken.core.start();
  await broken.core.stop(deadlineIn(2_000));
  writeFileSync(path.join(data, 'taskbell.db'), 'garbage');
  const refused = make();
  await expect(refused.core.start()).rejects.toMatchObject({ code: 'E_DATABASE_INVALID' });
  await refused.core.stop(deadlineIn(500));
  rmSync(path.join(data, 'taskbell.db'));
  const next = make();
  await next.core.start();
  expect(next.announced).toEqual(['ready']);
});

test('what it makes is for its own user alone', async () => {
  const { core } = make();
  await core.start();
  for (const name of ['', 'taskbell.db', 'owner.lock', 'control.sock']) {
    expect(statSync(path.join(directory, 'data', name)).mode & 0o077, name).toBe(0);
  }
});
