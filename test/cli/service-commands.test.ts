import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommand } from './run-command.ts';

const INI = `[daemon]
dataDirectory = /var/lib/taskbell
[auth]
publicKeyFile = credential:public.pem
[webSocket]
url = https://receiver.example.org
tokenFile = credential:receiver
auth.key = credential:receiver
[webSocketEvents]
port = 8081
`;

let cwd: string;

beforeEach(async () => {
  cwd = await realpath(await mkdtemp(path.join(tmpdir(), 'taskbell-cli-')));
  await writeFile(path.join(cwd, 'config.ini'), INI, { mode: 0o600 });
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

const print = (...options: readonly string[]) =>
  runCommand(['service', 'print', 'systemd', ...options], { cwd });

test('service print systemd prints a unit with absolute paths, its user and each credential once', async () => {
  const { exitCode, stdout, stderr } = await print('--user', 'ada');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const start = stdout.split('\n').find((line) => line.startsWith('ExecStart='));
  expect(start).toMatch(/^ExecStart=\/\S+ \/\S+\/bin\/taskbell\.js --config \/\S+config\.ini up$/);
  expect(start).toContain(` ${path.join(import.meta.dirname, '../../bin/taskbell.js')} `);
  expect(start).toContain(process.execPath);
  expect(stdout).toContain('\nUser=ada\n');
  expect(stdout.match(/^LoadCredential=.*$/gm)).toEqual([
    `LoadCredential=receiver:${cwd}/credentials/receiver`,
    `LoadCredential=public.pem:${cwd}/credentials/public.pem`,
  ]);
  expect(stdout).not.toContain('.socket');
});

test('service print systemd prints the units of the sockets, too, or one of all', async () => {
  const all = (await print('--socket-activation')).stdout;
  expect(all.match(/^# \/etc\/systemd\/system\/(\S+),/gm)).toHaveLength(3);
  expect(all).toContain('\nSockets=taskbell-ctl.socket taskbell-ws.socket\n');
  const one = (await print('--socket-activation', '--only', 'taskbell-ws.socket')).stdout;
  expect(one).toContain('\nListenStream=0.0.0.0:8081\n');
  expect(one).not.toContain('ExecStart=');
});

test('service print systemd prints a unit for one half of the service', async () => {
  const { stdout } = await print('--service', 'worker', '--socket-activation');
  expect(stdout).toContain('config.ini worker run\n');
  expect(stdout).toContain('\nSockets=taskbell-worker-ctl.socket\n');
});

test.each([
  [['--user', 'a b'], '--user: expected the name of a user, got "a b"'],
  [['--only', 'taskbell-ws.socket'], '--only: expected one of taskbell.service, got'],
])('service print systemd refuses %j (64)', async (options, words) => {
  const { exitCode, stdout, stderr } = await print(...options);
  expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' });
  expect(stderr).toContain(words);
});

test('config check leaves credentials to the service, and says which', async () => {
  const { exitCode, stdout, stderr } = await runCommand(['config', 'check'], { cwd });
  expect(stdout).toContain('config.ini is valid');
  expect(exitCode).toBe(0);
  expect(stderr).toContain('[auth] publicKeyFile: the credential public.pem is there');
  expect(stderr).toContain('[webSocket] auth.key: the credential receiver is there');
});

test('config check looks at credentials where they are handed over', async () => {
  const environment = { CREDENTIALS_DIRECTORY: cwd };
  const missing = await runCommand(['config', 'check'], { cwd, environment });
  expect(missing.exitCode).toBe(78);
  expect(missing.stderr).toContain('expected the credential receiver');
  await writeFile(path.join(cwd, 'receiver'), 'x');
  await writeFile(path.join(cwd, 'public.pem'), 'no key');
  const wrong = await runCommand(['config', 'check'], { cwd, environment });
  expect(wrong.exitCode).toBe(78);
  expect(wrong.stderr).toContain('public.pem');
});
