import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeCommands } from '../../src/cli/command-facts.ts';
import { GLOBAL_OPTIONS } from '../../src/cli/global-options.ts';
import { readOutputModes } from '../../src/cli/output-modes.ts';
import { ControlServer } from '../client/control-server.ts';
import { type RunOptions, runCommand } from './run-command.ts';

let server: ControlServer;

beforeEach(async () => {
  server = await ControlServer.create();
});

afterEach(() => server.dispose());

const run = (argv: readonly string[], options: Partial<RunOptions> = {}) =>
  runCommand([...argv, '--socket', server.socketPath], { cwd: server.directory, ...options });

function addFailed() {
  const job = server.addJob({ type: 'mail', payload: null });
  server.jobs.set(job.id, { ...job, state: 'failed' });
}

const PREVIEW = { matched: 2, changed: 0, failed: 0, failures: [], examples: [] };
const DONE = {
  matched: 2,
  changed: 1,
  failed: 1,
  failures: [{ id: '9', code: 'E_CONFLICT', message: 'no' }],
};

function serveBulk() {
  server.routes.set('POST /v1/jobs/purge', ({ body }) =>
    (body as { readonly dryRun: boolean }).dryRun ? PREVIEW : DONE,
  );
}

test('modes are read in front of -- only', () => {
  expect(readOutputModes(['--quiet', '--no-input', '--', '--no-color', '--verbose'])).toEqual({
    quiet: true,
    verbose: false,
    mayAsk: false,
    plain: false,
  });
});

describe('--quiet', () => {
  test('leaves the result and takes the notes beside it', async () => {
    const page = { jobs: [], next: '50' };
    server.routes.set('GET /v1/jobs', () => page);
    expect((await run(['job', 'list'])).stderr).toContain('more: add --cursor 50');
    const quiet = await run(['job', 'list', '--quiet']);
    expect(quiet).toMatchObject({ exitCode: 0, stderr: '' });
    expect(quiet.stdout).toContain('ID');
  });

  test('keeps errors, and what was not done', async () => {
    expect((await run(['job', 'lst', '--quiet'])).stderr).toContain('(E_USAGE)');
    serveBulk();
    const { stderr } = await run(['job', 'purge', '--state', 'failed', '--yes', '--quiet']);
    expect(stderr).toBe('not job 9: no (E_CONFLICT)\n');
  });
});

describe('--no-input', () => {
  test('asks nothing and ends with 64, naming the flag that answers', async () => {
    serveBulk();
    const options = { asks: true, spins: true, stdin: 'y\n' };
    const asked = await run(['job', 'purge', '--state', 'failed'], options);
    expect(asked).toMatchObject({ exitCode: 0 });
    expect(asked.stderr).toContain('purge 2 jobs? [y/N]');
    const refused = await run(['job', 'purge', '--state', 'failed', '--no-input'], options);
    expect(refused).toMatchObject({ exitCode: 64, stdout: '' });
    expect(refused.stderr).toContain('--no-input was given');
    expect(refused.stderr).toContain('--yes');
    expect(refused.stderr).not.toContain('[y/N]');
  });

  test('does not stand in the way of --yes', async () => {
    serveBulk();
    const { exitCode } = await run(['job', 'purge', '--state', 'failed', '--no-input', '--yes']);
    expect(exitCode).toBe(0);
  });
});

describe('--no-color', () => {
  const ESCAPE = '\u001b[';

  test.each([
    ['the option', ['--no-color'], {}],
    ['NO_COLOR', [], { NO_COLOR: '1' }],
    ['a terminal without colours', [], { TERM: 'dumb' }],
  ])('%s takes the colours away', async (_, more, environment) => {
    addFailed();
    const argv = ['job', 'list', ...more];
    expect((await run(['job', 'list'], { isTerminal: true })).stdout).toContain(ESCAPE);
    expect((await run(argv, { isTerminal: true, environment })).stdout).not.toContain(ESCAPE);
  });

  test('off a terminal there are none anyway', async () => {
    addFailed();
    expect((await run(['job', 'list'])).stdout).not.toContain(ESCAPE);
  });
});

describe('secrets', () => {
  const SECRET = /token|secret|password|passphrase|credential|private|jwt/;

  test('no option of any command takes one: it names a file instead', async () => {
    const commands = await describeCommands();
    const options = [...commands.flatMap((one) => one.options), ...GLOBAL_OPTIONS];
    const taking = options.filter(({ flags }) => SECRET.test(flags) && /[<[]/.test(flags));
    expect(taking.map(({ flags }) => flags)).toContain('--token-file <file>');
    expect(taking.filter(({ flags }) => !/-file <file>$/.test(flags))).toEqual([]);
  });

  test('an argument may be one only where standard input is offered, too', async () => {
    const args = (await describeCommands()).flatMap((one) => one.args);
    for (const { name, description } of args.filter((one) => SECRET.test(one.name))) {
      expect(description, name).toContain('- for standard input');
    }
  });
});
