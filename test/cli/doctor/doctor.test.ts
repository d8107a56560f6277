/** `doctor` on this machine: without a daemon, with the core running, with services that are there and not. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Finding } from '../../../src/cli/doctor/finding.ts';
import { AwakeCore } from '../../core/awake-core.ts';
import { freePort } from '../../e2e/free-port.ts';
import { runCommand } from '../run-command.ts';

let directory: string;
let core: AwakeCore | undefined;
let server: Server | undefined;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'taskbell-doctor-'));
});

afterEach(async () => {
  await core?.dispose();
  core = undefined;
  await new Promise((resolve) => (server === undefined ? resolve(null) : server.close(resolve)));
  server = undefined;
  rmSync(directory, { recursive: true, force: true });
});

function configure(ini: string): void {
  const file = path.join(directory, 'config.ini');
  writeFileSync(file, `[daemon]\ndataDirectory = ./data\n${ini}`, { mode: 0o600 });
}

async function doctor(cwd = directory) {
  const { exitCode, stdout } = await runCommand(['doctor', '--json'], { cwd });
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] };
  return { exitCode, findings, of: (name: string) => findings.find((one) => one.name === name) };
}

/** What a probe of this very machine may say otherwise, such as a full disk. */
const failuresOf = (findings: readonly Finding[]) =>
  findings.filter(({ level }) => level === 'fail').map(({ name }) => name);

test('without a daemon it looks at everything else, and leaves nothing behind', async () => {
  mkdirSync(path.join(directory, 'data'), { mode: 0o700 });
  configure('');
  const { findings, of } = await doctor();
  expect(of('configuration')).toMatchObject({ level: 'ok' });
  expect(of('node')).toMatchObject({ level: 'ok', text: expect.stringContaining('this command') });
  expect(of('sqlite')).toMatchObject({ level: 'ok', text: expect.stringMatching(/^3\./) });
  expect(of('fsync')?.text).toMatch(/^p50 [\d.]+ ms, p99 [\d.]+ ms/);
  expect(of('data directory')).toMatchObject({ level: 'ok' });
  expect(of('daemon')).toMatchObject({ level: 'ok' });
  for (const name of ['file system', 'free space', 'clock', 'open files', 'init', 'secrets']) {
    expect(of(name), name).toBeDefined();
  }
  expect(of('pragmas')).toBeUndefined();
  expect(findings.every(({ level, remedy }) => level === 'ok' || remedy !== null)).toBe(true);
  expect(readdirSync(path.join(directory, 'data'))).toEqual([]);
});

test('a running daemon tells its versions and what its database has in force', async () => {
  core = await AwakeCore.start();
  chmodSync(core.directory, 0o700);
  const { of } = await doctor(core.directory);
  expect(of('node')?.text).toContain('running daemon');
  expect(of('pragmas')).toMatchObject({ level: 'ok', text: expect.stringContaining('=wal') });
  expect(of('control socket')).toMatchObject({ level: 'ok' });
  expect(of('daemon')?.text).toContain('not ready');
});

test('a data directory that others can enter is to be mended, with 77 and the command for it', async () => {
  const data = path.join(directory, 'data');
  mkdirSync(data);
  chmodSync(data, 0o755);
  configure('');
  const { exitCode, findings, of } = await doctor();
  expect(failuresOf(findings)).toContain('data directory');
  expect(of('data directory')?.remedy).toBe(`chmod 0700 ${data}`);
  // A disk that is full here stands before it.
  if (failuresOf(findings)[0] === 'data directory') expect(exitCode).toBe(77);
});

test('a configuration with a mistake is a finding with 78, and the versions are told all the same', async () => {
  configure('nonsense = 1\n');
  const { exitCode, findings, of } = await doctor();
  expect(exitCode).toBe(78);
  expect(of('configuration')).toMatchObject({ level: 'fail', code: 'E_CONFIG' });
  expect(findings.map(({ name }) => name)).toEqual(['configuration', 'node', 'sqlite']);
});

test('report server and key set are asked whether they are there', async () => {
  server = createServer((request, response) => {
    const keys = { keys: [{ kty: 'RSA' }] };
    if (request.url?.startsWith('/jw-certs')) response.end(JSON.stringify(keys));
    else response.end('0{"sid":"x","upgrades":[]}');
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const there = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  configure(`[webSocket]\nurl = ${there}\n[auth]\njwksUrl = ${there}/jw-certs\n`);
  const found = await doctor();
  expect(found.of('report server')).toMatchObject({ level: 'ok' });
  expect(found.of('key set')).toMatchObject({ level: 'ok', text: `${there}/jw-certs: 1 keys` });

  const away = `http://127.0.0.1:${await freePort()}`;
  configure(`[webSocket]\nurl = ${away}\n[auth]\njwksUrl = ${away}/jw-certs\n`);
  const missing = await doctor();
  expect(missing.exitCode).not.toBe(0);
  expect(failuresOf(missing.findings)).toEqual(
    expect.arrayContaining(['report server', 'key set']),
  );
  expect(missing.of('report server')?.text).toContain('ECONNREFUSED');
});

test('what answers and is no Socket.IO server is looked at, and no secret of the address is shown', async () => {
  server = createServer((_, response) => response.writeHead(404).end('nothing here'));
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  configure(`[webSocket]\nurl = http://127.0.0.1:${port}/?token=hush\n`);
  const { findings, of } = await doctor();
  expect(of('report server')).toMatchObject({ level: 'warn' });
  expect(JSON.stringify(findings)).not.toMatch(/hush/);
});

test('as text it has a line for each finding, its remedy below, and a sum', async () => {
  configure('');
  const { stdout } = await runCommand(['doctor'], { cwd: directory });
  expect(stdout).toMatch(/^ok {4}configuration {3}\S+config\.ini$/m);
  expect(stdout).toMatch(/\n\n\d+ ok, \d+ to look at, \d+ to mend\n$/);
  expect(existsSync(path.join(directory, 'data'))).toBe(false);
});

test('credentials, which the service alone gets, are no mistake of the configuration', async () => {
  configure('[auth]\npublicKeyFile = credential:issuer-key\nissuer = x\n');
  const { findings, of } = await doctor();
  expect(of('configuration')).toMatchObject({
    level: 'ok',
    text: expect.stringContaining('issuer-key'),
  });
  expect(failuresOf(findings)).not.toContain('configuration');
});

test('a daemon that refuses to answer is one finding among the others', async () => {
  const data = path.join(directory, 'data');
  mkdirSync(data, { mode: 0o700 });
  const error = { code: 'E_UNAUTHORIZED', title: 'Not you.', hint: 'Be another.' };
  server = createServer((_, response) => {
    response.writeHead(401, { connection: 'close' }).end(JSON.stringify(error));
  });
  await new Promise<void>((resolve) => server?.listen(path.join(data, 'control.sock'), resolve));
  configure('');
  const { findings, of } = await doctor();
  expect(of('daemon')).toMatchObject({ level: 'fail', text: 'Not you.', remedy: 'Be another.' });
  expect(of('fsync')).toBeDefined();
  expect(failuresOf(findings)).toContain('daemon');
});
