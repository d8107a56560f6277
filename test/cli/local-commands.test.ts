import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { COMMANDS, GROUPS } from '../../src/cli/command-table.ts';
import { type RunOptions, runCommand } from './run-command.ts';

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(path.join(tmpdir(), 'taskbell-cli-'));
});

afterEach(async () => {
  await rm(cwd, { recursive: true, force: true });
});

const run = (argv: readonly string[], options: Partial<RunOptions> = {}) =>
  runCommand(argv, { cwd, ...options });

test('init makes a configuration that is valid, keys that sign, and a sample handler', async () => {
  const result = await run(['init', '--json']);
  expect(result.exitCode).toBe(0);
  const made = [
    'config.ini',
    'keys/private.pem',
    'keys/public.pem',
    'jobs/hello.mjs',
    '.gitignore',
  ];
  const created = made.map((file) => path.join(cwd, file));
  expect(JSON.parse(result.stdout)).toEqual({ directory: cwd, created, kept: [] });
  expect((await stat(path.join(cwd, 'keys/private.pem'))).mode & 0o777).toBe(0o600);
  expect((await stat(path.join(cwd, 'jobs'))).mode & 0o022).toBe(0);
  expect((await run(['config', 'check', '--json'])).stdout).toBe(
    `${JSON.stringify({ valid: true, file: path.join(cwd, 'config.ini'), profile: null })}\n`,
  );
});

test('init keeps what exists and says so', async () => {
  await run(['init']);
  await writeFile(path.join(cwd, 'config.ini'), '; mine\n');
  const key = await readFile(path.join(cwd, 'keys/private.pem'), 'utf8');
  const result = await run(['init']);
  expect(result).toMatchObject({ exitCode: 0 });
  expect(result.stdout).toContain(`kept    ${path.join(cwd, 'config.ini')}`);
  expect(result.stdout).not.toContain('created');
  expect(await readFile(path.join(cwd, 'config.ini'), 'utf8')).toBe('; mine\n');
  expect(await readFile(path.join(cwd, 'keys/private.pem'), 'utf8')).toBe(key);
});

test('init makes the directory that it is given', async () => {
  expect((await run(['init', 'new/place'])).exitCode).toBe(0);
  expect((await stat(path.join(cwd, 'new/place/config.ini'))).isFile()).toBe(true);
});

test('init below a file says what it cannot make (73)', async () => {
  await writeFile(path.join(cwd, 'file'), '');
  const result = await run(['init', 'file/below', '--json']);
  expect(result.exitCode).toBe(73);
  expect(JSON.parse(result.stderr).error).toMatchObject({ code: 'E_CANNOT_CREATE' });
});

test('the sample handler runs', async () => {
  await run(['init']);
  const { default: hello } = await import(path.join(cwd, 'jobs/hello.mjs'));
  const ctx = { attempt: 1, log() {}, progress() {} };
  expect(await hello.run({ name: 'Ada' }, ctx)).toEqual({ greeting: 'Hello, Ada!' });
});

test('token issue signs a token that token inspect accepts', async () => {
  await run(['init']);
  const issued = await run([
    'token',
    'issue',
    '--user',
    'ada',
    '--name',
    'Ada',
    '--lifetime',
    '2h',
    '--json',
  ]);
  const { token, expiresAt } = JSON.parse(issued.stdout);
  expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(7_100_000);
  const inspected = await run(['token', 'inspect', '-', '--json'], { stdin: `${token}\n` });
  expect(inspected.exitCode).toBe(0);
  const inspection = JSON.parse(inspected.stdout);
  expect(inspection).toMatchObject({ valid: true, user: 'ada', why: null });
  expect(inspection.claims).toMatchObject({ iss: 'taskbell', data: { id: 'ada', name: 'Ada' } });
});

test('without --json token issue prints the token alone, for $(…)', async () => {
  await run(['init']);
  const { stdout, stderr } = await run(['token', 'issue', '--user', 'ada']);
  expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  expect(stderr).toContain('valid until');
});

test('a token of another key is shown, and refused with 77', async () => {
  await run(['init', 'one']);
  await run(['init', 'two']);
  const inOne = { cwd: path.join(cwd, 'one') };
  const { stdout: token } = await run(['token', 'issue', '--user', 'ada'], inOne);
  const inTwo = { cwd: path.join(cwd, 'two') };
  const result = await run(['token', 'inspect', token.trim()], inTwo);
  expect(result.exitCode).toBe(77);
  expect(result.stdout).toContain('valid    no');
  expect(result.stderr).toContain('E_TOKEN_INVALID');
  expect((await run(['token', 'inspect', 'nonsense'], inTwo)).exitCode).toBe(77);
});

test('token issue without a key says where one comes from (78)', async () => {
  const result = await run(['token', 'issue', '--user', 'ada', '--json']);
  expect(result.exitCode).toBe(78);
  expect(JSON.parse(result.stderr).error).toMatchObject({ code: 'E_KEY_FILE' });
  expect(JSON.parse(result.stderr).error.hint).toContain('taskbell init');
});

test('config check names a file that is missing (78)', async () => {
  await writeFile(path.join(cwd, 'config.ini'), '[auth]\npublicKeyFile = ./nowhere.pem\n');
  const result = await run(['config', 'check']);
  expect(result).toMatchObject({ exitCode: 78, stdout: '' });
  expect(result.stderr).toContain('nowhere.pem');
});

test('config check names a key file that holds no key (78)', async () => {
  await writeFile(path.join(cwd, 'public.pem'), 'no key');
  await writeFile(path.join(cwd, 'config.ini'), '[auth]\npublicKeyFile = ./public.pem\n');
  const result = await run(['config', 'check', '--json']);
  expect(result).toMatchObject({ exitCode: 78, stdout: '' });
  expect(JSON.parse(result.stderr).error).toMatchObject({ code: 'E_KEY_FILE' });
});

test('config check tells all mistakes with their lines', async () => {
  await writeFile(path.join(cwd, 'config.ini'), '[daemon]\nlogLevl = info\nlogFormat = loud\n');
  const result = await run(['config', 'check', '--json']);
  expect(result.exitCode).toBe(78);
  const { code, message } = JSON.parse(result.stderr).error;
  expect(code).toBe('E_CONFIG');
  expect(message).toContain('config.ini:2');
  expect(message).toContain('config.ini:3');
});

test('config show tells where a value comes from: flag before environment before file', async () => {
  await writeFile(path.join(cwd, 'config.ini'), '[daemon]\nlogLevel = warn\nlogFormat = json\n');
  const environment = { TASKBELL_DAEMON_LOGLEVEL: 'debug', TASKBELL_DAEMON_LOGFORMAT: 'pretty' };
  const argv = [
    'config',
    'show',
    '--json',
    '--log-level',
    'error',
    '--set',
    'worker.concurrency=3',
  ];
  const { settings } = JSON.parse((await run(argv, { environment })).stdout);
  const find = (name: string) => settings.find((one: { key: string }) => one.key === name);
  expect(find('logLevel')).toMatchObject({ value: 'error', origin: '--log-level' });
  expect(find('logFormat')).toMatchObject({ value: 'pretty', origin: 'TASKBELL_DAEMON_LOGFORMAT' });
  expect(find('concurrency')).toMatchObject({ section: 'worker', value: 3, origin: '--set' });
  expect(find('shutdownTimeout')).toMatchObject({ value: 25_000, origin: 'default' });
  expect((await run(['config', 'show', '--origin'])).stdout).toMatch(
    /logLevel = warn +# .*config\.ini:2/,
  );
});

test('global options may stand before and after the command', async () => {
  const file = path.join(cwd, 'other.ini');
  await writeFile(file, '[daemon]\nlogLevel = warn\n');
  for (const argv of [
    ['-c', file, 'config', 'check'],
    ['config', 'check', '--config', file],
  ]) {
    expect((await run(argv)).stdout).toBe(`${file} is valid\n`);
  }
});

test.each([
  [['jbo'], 'Did you mean `taskbell job`?'],
  [['job', 'ad'], 'Did you mean `taskbell job add`?'],
  [['job', 'list', '--stat', 'queued'], 'Did you mean --state?'],
  [['job', 'add'], 'taskbell job add --help'],
  [['job', 'show', '1', 'extra'], 'taskbell job show --help'],
  [['job', 'list', '--limit', 'many'], 'whole number from 1 to 1000'],
  [['job', 'list', '--state', 'done'], 'succeeded'],
  [['job', 'wait', '1', '--timeout', 'soon'], 'duration'],
  [['token', 'issue'], '--user'],
  [['--set', 'nonsense', 'config', 'show'], 'section.key=value'],
])('a usage mistake exits with 64 and a way on: %j', async (argv, words) => {
  const result = await run(argv);
  expect(result).toMatchObject({ exitCode: 64, stdout: '' });
  expect(result.stderr).toContain(words);
  expect(result.stderr).toContain('(E_USAGE)');
});

test('a usage mistake with --json is one JSON object on standard error', async () => {
  const result = await run(['job', 'wiat', '1', '--json']);
  expect(JSON.parse(result.stderr)).toEqual({
    error: {
      code: 'E_USAGE',
      message: "unknown command 'wiat'",
      hint: 'Did you mean `taskbell job wait`?',
    },
  });
});

test('help and version answer on standard output with 0; a bare group shows its help with 64', async () => {
  expect((await run(['--help'])).stdout).toContain('web_socket');
  expect((await run(['help', 'job', 'add'])).stdout).toContain('Usage: taskbell job add');
  expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  const bare = await run(['job']);
  expect(bare).toMatchObject({ exitCode: 64, stdout: '' });
  expect(bare.stderr).toContain('Usage: taskbell job');
});

test('every command of the table loads and has help', async () => {
  const verbs = GROUPS.flatMap(({ name, verbs }) => verbs.map((verb) => [name, verb.name]));
  for (const words of [...COMMANDS.map(({ name }) => [name]), ...verbs]) {
    const { exitCode, stdout } = await run([...words, '--help']);
    expect({ words, exitCode }).toEqual({ words, exitCode: 0 });
    expect(stdout).toContain(`Usage: taskbell ${words.join(' ')}`);
  }
});

test('every command that prints data has --json', async () => {
  const services = ['up', 'worker run', 'web_socket server', 'web_socket edge'];
  const texts = ['service print', 'completion', 'top'];
  const verbs = GROUPS.flatMap(({ name, verbs }) => verbs.map((verb) => `${name} ${verb.name}`));
  for (const words of [...COMMANDS.map(({ name }) => name), ...verbs]) {
    if ([...services, ...texts].includes(words)) continue;
    expect((await run([...words.split(' '), '--help'])).stdout, words).toContain('--json');
  }
});

test('a service does not start on a configuration that names a missing key file', async () => {
  await mkdir(path.join(cwd, 'jobs'));
  await writeFile(path.join(cwd, 'config.ini'), '[auth]\npublicKeyFile = ./nowhere.pem\n');
  expect(await run(['up'])).toMatchObject({ exitCode: 78 });
});
