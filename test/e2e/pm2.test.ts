/** The real pm2: a start that waits until the service works, a reload and a stop with a job running. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { outcomes, type Ran, Site, until } from './daemon.ts';

const require = createRequire(import.meta.url);
const PM2 = path.join(path.dirname(require.resolve('pm2/package.json')), 'bin', 'pm2');
/** A busy machine starts pm2's own daemon, and then five processes of ours. */
const PATIENT_MS = 150_000;

let site: Site;

afterEach(async () => {
  await pm2('kill');
  await site.dispose();
}, PATIENT_MS);

function pm2(...args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [PM2, ...args], {
    cwd: site.directory,
    // The mark of the site reaches pm2's daemon, so that nothing of it could outlive the test.
    env: {
      ...process.env,
      PM2_HOME: site.path('pm2'),
      PM2_DISABLE_VERSION_CHECK: 'true',
      E2E_SITE: site.directory,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    texts.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    texts.stderr += text;
  });
  return new Promise((resolve) =>
    child.once('close', (exitCode) => resolve({ exitCode, ...texts })),
  );
}

interface Listed {
  readonly pid: number;
  readonly pm2_env: { readonly status: string; readonly exit_code?: number };
}

async function listed(): Promise<Listed> {
  const { stdout } = await pm2('jlist');
  // What pm2 says about itself may stand before it.
  const apps = JSON.parse(stdout.slice(stdout.lastIndexOf('\n[{') + 1)) as readonly Listed[];
  expect(apps).toHaveLength(1);
  return apps[0] as Listed;
}

async function succeed(...args: readonly string[]): Promise<void> {
  const ran = await pm2(...args);
  expect(ran.exitCode, `${ran.stdout}${ran.stderr}`).toBe(0);
}

async function atGate(file: string): Promise<string> {
  const { id } = await site.api.add('gate', { file }, { retries: 0 });
  await until(
    () => site.lines('gate.trace').some((line) => line.startsWith(`start ${id} `)),
    'the job runs',
    PATIENT_MS,
  );
  return id;
}

function configure(shutdownTimeout: string): void {
  const daemon = `[daemon]\ndataDirectory = ./data\nshutdownTimeout = ${shutdownTimeout}\n`;
  site.write('config.ini', `${daemon}[webSocketEvents]\naddress = 127.0.0.1\nport = 0\n`);
}

test('pm2 waits until the service works, and its reload and stop lose no running job', async () => {
  site = new Site();
  configure('100s');
  const { stdout } = await site.run(['service', 'print', 'pm2']);
  site.write('taskbell.config.cjs', stdout);

  await succeed('start', 'taskbell.config.cjs');
  // Nothing is waited for here: pm2 has said that it is online.
  const states = (await site.api.status()).processes.map(({ state }) => state);
  expect(states).toEqual(['ready', 'ready', 'ready', 'ready']);
  const first = await listed();
  expect(first.pm2_env.status).toBe('online');

  // A job that ends in time is waited for. What comes after the reload has less time.
  configure('2s');
  const waited = await atGate('first');
  const reloading = succeed('reload', 'taskbell');
  await until(
    async () => (await site.api.status()).processes.some(({ state }) => state === 'stopping'),
    'it stops',
    PATIENT_MS,
  );
  site.write('first', '');
  await reloading;
  expect(outcomes(await site.api.get(waited))).toEqual(['succeeded']);
  const second = await listed();
  expect(second.pid).not.toBe(first.pid);
  expect(second.pm2_env.status).toBe('online');

  // One that does not end in time is interrupted by us, not killed by pm2, and runs again.
  const interrupted = await atGate('second');
  await succeed('stop', 'taskbell');
  expect((await listed()).pm2_env).toMatchObject({ status: 'stopped', exit_code: 0 });
  expect(site.lines('gate.trace').at(-1)).toContain('aborted');
  site.write('second', '');
  await succeed('start', 'taskbell');
  expect(outcomes(await site.api.wait(interrupted))).toEqual(['interrupted', 'succeeded']);
}, 300_000);
