import { spawn } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControlServer } from '../client/control-server.ts';

const EXECUTABLE = path.resolve(import.meta.dirname, '../../bin/taskbell.js');

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

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function execute(argv: readonly string[], closeAfterFirstLine = false): Promise<Ended> {
  const all = [EXECUTABLE, '--socket', server.socketPath, ...argv];
  const child = spawn(process.execPath, all, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    texts.stdout += chunk;
    if (closeAfterFirstLine) child.stdout.destroy();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    texts.stderr += chunk;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...texts })));
}

test('the executable adds a job, and its exit code is the one of the command', async () => {
  const added = await execute(['job', 'add', 'mail', '{"to":"ada"}', '--json']);
  expect(added).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(added.stdout)).toMatchObject({ id: '1', state: 'queued' });
  expect((await execute(['job', 'add', 'mail', '{'])).code).toBe(65);
  expect((await execute(['nonsense'])).code).toBe(64);
});

test('a reader that goes away, as in `| head -1`, ends the command quietly', async () => {
  for (let i = 0; i < 20_000; i += 1) {
    server.append({ type: 'issueUpdate', id: 'a', data: ['x'.repeat(200)] });
  }
  const ended = await execute(['event', 'tail', '--since', '0', '--json'], true);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(ended.stdout.length).toBeLessThan(1_000_000);
});

test('a large result reaches a slow pipe whole', async () => {
  for (let i = 0; i < 3_000; i += 1) server.addJob({ type: 'mail', payload: 'x'.repeat(500) });
  const { stdout } = await execute(['job', 'list', '--json']);
  expect(JSON.parse(stdout).jobs).toHaveLength(3_000);
});

test.skipIf(process.platform !== 'linux')(
  'output that a full disk does not take is an error (74), not a success',
  async () => {
    const full = await open('/dev/full', 'w');
    try {
      const all = [EXECUTABLE, '--socket', server.socketPath, 'job', 'list', '--json'];
      const child = spawn(process.execPath, all, { cwd, stdio: ['ignore', full.fd, 'pipe'] });
      let stderr = '';
      child.stderr?.on('data', (chunk: Buffer) => {
        stderr += chunk;
      });
      const code = await new Promise((resolve) => child.on('close', resolve));
      expect(code).toBe(74);
      expect(JSON.parse(stderr).error).toMatchObject({ code: 'E_IO' });
      expect(stderr).toContain('ENOSPC');
    } finally {
      await full.close();
    }
  },
);
