/** The set-up refuses in words what it cannot work with. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const script = path.resolve(import.meta.dirname, '../../scripts/setup.mjs');

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'taskbell-setup-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

it.each(['18.20.4', '20.18.3'])('refuses Node %s in one sentence', (version) => {
  const preload = path.join(directory, 'preload.cjs');
  const text = `Object.defineProperty(process.versions, 'node', { value: '${version}' });`;
  writeFileSync(preload, text);
  const run = spawnSync(process.execPath, ['--require', preload, script], { encoding: 'utf8' });
  expect(run.stderr).toBe(
    `set-up: Taskbell needs Node 20.19 or newer, and this is Node ${version}.\n`,
  );
  expect(run.stdout).toBe('');
  expect(run.status).toBe(1);
});
