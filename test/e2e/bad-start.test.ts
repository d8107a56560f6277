/** What keeps a service from starting: said with its code, and nothing is harmed. */
import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { APPLICATION_ID } from '../../src/sqlite/file-identity.ts';
import { Site } from './daemon.ts';

let site: Site;
const servers: Server[] = [];
beforeEach(() => {
  site = new Site();
});
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  await site.dispose();
});

/** Starts a service that cannot work, and waits for its end. */
async function failing(args: readonly string[] = [], env: Record<string, string> = {}) {
  const { exitCode, stderr } = await site.start(['up', ...args], { env }).ended;
  expect(site.processes()).toEqual([]);
  return { exitCode, stderr };
}

async function busyPort(): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

test('a data directory that cannot be made', async () => {
  site.write('file', 'not a directory');
  const { exitCode, stderr } = await failing([
    '--data-directory',
    'file/data',
    '--socket',
    site.path('c.sock'),
  ]);
  expect(exitCode).toBe(73);
  expect(stderr).toContain(`The data directory ${site.path('file/data')} cannot be used`);
});

test.skipIf(process.getuid?.() === 0)(
  'a data directory that may not be written to (needs a user other than root, who may write anywhere)',
  async () => {
    mkdirSync(site.dataDirectory, { mode: 0o500 });
    const { exitCode, stderr } = await failing();
    chmodSync(site.dataDirectory, 0o700);
    expect(exitCode).toBe(73);
    expect(stderr).toContain(`The data directory ${site.dataDirectory} cannot be used`);
  },
);

test('a port in use is named, for events and for the API', async () => {
  const port = await busyPort();
  const events = await failing(['--set', `webSocketEvents.port=${port}`]);
  expect(events.exitCode).toBe(73);
  expect(events.stderr).toContain(`127.0.0.1:${port}`);
  const api = await failing(['--set', `api.port=${port}`]);
  expect(api.exitCode).toBe(73);
  expect(api.stderr).toContain(`127.0.0.1:${port}`);
});

test.each([
  [
    'garbage',
    () =>
      Buffer.from('this is no database, but it is long enough to be mistaken for one '.repeat(40)),
  ],
  ['short garbage', () => Buffer.from('x')],
  ['a newer schema', () => database('PRAGMA user_version = 999', true)],
  ['a foreign database', () => database('CREATE TABLE theirs (a)', false)],
])('a database file that is %s ends with 65, and keeps every byte', async (_name, content) => {
  mkdirSync(site.dataDirectory, { mode: 0o700 });
  const bytes = content();
  site.write('data/taskbell.db', bytes);
  const { exitCode, stderr } = await failing();
  expect(exitCode).toBe(65);
  expect(stderr).toMatch(/E_DATABASE_(INVALID|NEWER)/);
  expect(readFileSync(site.path('data/taskbell.db'))).toEqual(bytes);
  expect(readdirSync(site.dataDirectory).filter((name) => name.startsWith('taskbell.db-'))).toEqual(
    [],
  );
});

test('an empty database file where jobs were is not taken for a fresh one', async () => {
  const daemon = await site.up();
  await site.api.add('echo', 1, { delayMs: 60_000 });
  await daemon.stop();
  site.write('data/taskbell.db', '');
  const { exitCode } = await failing();
  expect(exitCode).toBe(65);
  expect(readFileSync(site.path('data/taskbell.db'))).toHaveLength(0);
});

test('a key file that is missing', async () => {
  const { exitCode, stderr } = await failing(['--set', 'auth.publicKeyFile=./keys/none.pem']);
  expect(exitCode).toBe(78);
  expect(stderr).toContain(
    `[auth] publicKeyFile: expected a readable file at ${site.path('keys/none.pem')}, but there is none`,
  );
  expect(stderr).toContain('E_KEY_FILE');
});

test('a profile that does not exist', async () => {
  const { exitCode, stderr } = await failing([], { TASKBELL_PROFILE: 'prod' });
  expect(exitCode).toBe(78);
  expect(stderr).toContain('config.prod.ini does not exist');
});

test('every problem of the configuration at once, with its line', async () => {
  site.write(
    'config.ini',
    `[daemon]\ndataDirectoy = ./x\nlogLevel = loud\n[wroker]\nprocesses = 0\n[worker]\nprocesses = 0\n`,
  );
  const { exitCode, stderr } = await failing();
  expect(exitCode).toBe(78);
  for (const words of [
    /config\.ini:2: .*dataDirectoy.*did you mean dataDirectory/i,
    /config\.ini:3: .*logLevel/,
    /config\.ini:4: .*wroker.*did you mean.*worker/i,
    /config\.ini:7: .*processes/,
  ])
    expect(stderr).toMatch(words);
});

test('no daemon: a command says so with 69 and how to start one', async () => {
  expect(await site.refusal(['status'])).toMatchObject({
    exitCode: 69,
    code: 'E_DAEMON_UNREACHABLE',
    hint: expect.stringContaining('taskbell up'),
  });
});

function database(sql: string, ours: boolean): Buffer {
  const file = site.path('made.db');
  const db = new SqliteDatabase(file);
  if (ours) db.pragma(`application_id = ${APPLICATION_ID}`);
  db.exec('CREATE TABLE jobs (id INTEGER PRIMARY KEY)');
  db.exec(sql);
  db.close();
  return readFileSync(file);
}
