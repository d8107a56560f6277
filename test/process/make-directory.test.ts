import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeDirectory } from '../../src/process/make-directory.ts';

const EXECUTABLE = path.resolve(import.meta.dirname, '../../bin/taskbell.js');

let root: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'taskbell-make-directory-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

test('a directory is made with those above it, each with the mode', async () => {
  makeDirectory(path.join(root, 'a/b/c'), 0o700);
  for (const made of ['a', 'a/b', 'a/b/c']) {
    expect((await stat(path.join(root, made))).mode & 0o777).toBe(0o700);
  }
});

test('a directory that exists is left as it is', () => {
  makeDirectory(root, 0o700);
  makeDirectory('/', 0o700);
});

test('a file in the way is said, at the place itself and above it', async () => {
  const file = path.join(root, 'file');
  await writeFile(file, '');
  expect(() => makeDirectory(file, 0o700)).toThrow('EEXIST');
  expect(() => makeDirectory(path.join(file, 'below'), 0o700)).toThrow('ENOTDIR');
  expect(() => makeDirectory(path.join(file, 'below/more'), 0o700)).toThrow('ENOTDIR');
});

test('a link that leads nowhere is said', async () => {
  await symlink(path.join(root, 'nowhere'), path.join(root, 'link'));
  expect(() => makeDirectory(path.join(root, 'link/below'), 0o700)).toThrow('EEXIST');
});

// In a process of its own: what it guards against would block this one for ever.
test.skipIf(process.platform !== 'linux')(
  'a file system that makes no directories is refused at once',
  () => {
    const options = { timeout: 10_000, encoding: 'utf8' } as const;
    const { status, stderr } = spawnSync(
      process.execPath,
      [EXECUTABLE, 'init', '/proc/taskbell'],
      options,
    );
    expect(stderr).toContain('/proc/taskbell cannot be made (ENOENT)');
    expect(status).toBe(73);
  },
  20_000,
);
