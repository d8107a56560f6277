import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControlServer } from '../client/control-server.ts';

const EXECUTABLE = path.resolve(import.meta.dirname, '../../bin/taskbell.js');

let server: ControlServer;
let children: ChildProcess[] = [];

beforeEach(async () => {
  server = await ControlServer.create();
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
  await server.dispose();
});

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>;
}

function start(...argv: readonly string[]): Running {
  const all = [EXECUTABLE, '--socket', server.socketPath, ...argv];
  const child = spawn(process.execPath, all, {
    cwd: server.directory,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.push(child);
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stderr }));
  return { child, ended };
}

/** Until the command waits for the daemon, that is. */
async function asked(route: string): Promise<void> {
  const isAsked = () => server.asked.some((one) => `${one.method} ${one.path}`.startsWith(route));
  await expect.poll(isAsked, { timeout: 20_000 }).toBe(true);
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s in a wait ends it with %d and says that the job goes on', async (name, code) => {
  server.addJob({ type: 'mail', payload: null });
  const { child, ended } = start('job', 'wait', '1');
  await asked('GET /v1/jobs/1/wait');
  child.kill(name);
  expect(await ended).toEqual({
    code,
    signal: null,
    stderr: 'taskbell: interrupted: job 1 goes on; `taskbell job wait 1` waits for it again\n',
  });
  expect(server.jobs.get('1')?.state).toBe('queued');
});

test('Ctrl-C in job add --wait names the job that was added', async () => {
  const { child, ended } = start('job', 'add', 'mail', '--wait');
  await asked('GET /v1/jobs/1/wait');
  child.kill('SIGINT');
  const { code, stderr } = await ended;
  expect(code).toBe(130);
  expect(stderr).toContain('job 1 goes on');
});

test('Ctrl-C in a command that does not wait ends it as it ends any program', async () => {
  server.routes.set('GET /v1/queues', () => new Promise(() => undefined));
  const { child, ended } = start('queue', 'list');
  await asked('GET /v1/queues');
  child.kill('SIGINT');
  expect(await ended).toMatchObject({ signal: 'SIGINT' });
});

test('Ctrl-C in a purge says what stays done', async () => {
  server.routes.set('POST /v1/jobs/purge', () => new Promise(() => undefined));
  const { child, ended } = start('job', 'purge', '--state', 'failed', '--yes');
  await asked('POST /v1/jobs/purge');
  child.kill('SIGINT');
  const { code, stderr } = await ended;
  expect(code).toBe(130);
  expect(stderr).toContain('what was purged by now stays so; the same command does the rest');
});
