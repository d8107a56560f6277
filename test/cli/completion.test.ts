import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askNames } from '../../src/cli/completion/live-names.ts';
import { ControlServer } from '../client/control-server.ts';
import { runCommand } from './run-command.ts';

/** However busy the machine is. */
const PATIENT = { TASKBELL_COMPLETION_MS: '25000' };

let server: ControlServer;
let cwd: string;

beforeEach(async () => {
  server = await ControlServer.create();
  cwd = await mkdtemp(path.join(tmpdir(), 'taskbell-complete-'));
});

afterEach(async () => {
  await server.dispose();
  await rm(cwd, { recursive: true, force: true });
});

/** The words that are offered; the last one of the line is at the cursor. */
async function offered(...line: readonly string[]): Promise<readonly string[]> {
  const argv = ['__complete', '--', '--socket', server.socketPath, ...line];
  const { exitCode, stdout, stderr } = await runCommand(argv, { cwd, environment: PATIENT });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => text.split('\t')[0] ?? '');
}

describe('commands and options', () => {
  test('the first word is a command, a group or help', async () => {
    expect(await offered('')).toEqual(expect.arrayContaining(['up', 'job', 'queue', 'help']));
    expect(await offered('jo')).toEqual(['job']);
  });

  test('the second one is a verb of the group, with what it does behind a tab', async () => {
    expect(await offered('queue', 'p')).toEqual(['pause', 'purge']);
    const { stdout } = await runCommand(['__complete', '--', 'queue', 'pa'], { cwd });
    expect(stdout).toBe('pause\tstart no more jobs of a queue\n');
  });

  test('options are those of the command and of all commands', async () => {
    const options = await offered('job', 'list', '--');
    expect(options).toEqual(expect.arrayContaining(['--state', '--limit', '--json', '--quiet']));
    expect(await offered('job', 'list', '--st')).toEqual(['--state']);
    expect(await offered('job', 'add', '--st')).toEqual([]);
  });

  test('behind -- nothing is an option', async () => {
    expect(await offered('job', 'list', '--', '--st')).toEqual([]);
  });

  test('words that follow options are found where they are', async () => {
    expect(await offered('--log-level', 'debug', 'queue', 'pa')).toEqual(['pause']);
    expect(await offered('--quiet', 'queue', 'pa')).toEqual(['pause']);
  });

  test('values from a list are offered, also behind = and behind a comma', async () => {
    expect(await offered('job', 'list', '--state', 'fa')).toEqual(['failed']);
    expect(await offered('job', 'list', '--state=fa')).toEqual(['--state=failed']);
    expect(await offered('job', 'purge', '--state', 'failed,can')).toEqual(['failed,cancelled']);
    expect(await offered('--log-format', 'p')).toEqual(['pretty']);
    expect(await offered('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  test('targets of a command that has some are offered', async () => {
    expect(await offered('service', 'print', 'p')).toEqual(['pm2']);
  });

  test('files and directories are left to the shell', async () => {
    expect(await offered('job', 'import', '')).toEqual([':file']);
    expect(await offered('init', '')).toEqual([':directory']);
    expect(await offered('--config', '')).toEqual([':file']);
  });

  test('help offers commands, verbs, and error codes to whom has begun with E', async () => {
    expect(await offered('help', 'jo')).toEqual(['job']);
    expect(await offered('help', 'job', 'wh')).toEqual(['why']);
    expect(await offered('help', 'E_CONF')).toEqual(['E_CONFLICT', 'E_CONFIG']);
  });

  test('nothing is offered where anything may stand', async () => {
    expect(await offered('job', 'list', '--group', '')).toEqual([]);
    expect(await offered('status', '')).toEqual([]);
  });
});

describe('live names', () => {
  test.each([
    [
      '/v1/workers',
      { workers: [{ types: ['mail', 'report'] }, { types: ['mail'] }] },
      ['job', 'add'],
      ['mail', 'report'],
    ],
    [
      '/v1/queues',
      { queues: [{ name: 'default', mode: 'open' }] },
      ['queue', 'pause'],
      ['default'],
    ],
    [
      '/v1/queues',
      { queues: [{ name: 'slow', mode: 'open' }] },
      ['job', 'list', '--queue'],
      ['slow'],
    ],
    [
      '/v1/schedules',
      { schedules: [{ name: 'nightly', job: 'report' }] },
      ['schedule', 'run'],
      ['nightly'],
    ],
    [
      '/v1/event-types',
      { types: [{ name: 'issueUpdate', description: null }] },
      ['event', 'publish'],
      ['issueUpdate'],
    ],
    ['/v1/users', { users: [{ id: 'ada', name: 'Ada' }] }, ['access', 'grant'], ['ada']],
    ['/v1/users', { users: [{ id: 'ada', name: null }] }, ['job', 'list', '--user'], ['ada']],
    [
      '/v1/workers',
      {
        workers: [
          { pid: 17, state: 'ready' },
          { pid: null, state: 'away' },
        ],
      },
      ['worker', 'quiet'],
      ['17'],
    ],
  ])('%s: %j completes %j', async (route, answer, line, names) => {
    server.routes.set(`GET ${route}`, () => answer);
    expect(await offered(...line, '')).toEqual(names);
  });

  test('ids of recent jobs are offered with their type and state, one after the other', async () => {
    server.addJob({ type: 'mail', payload: null });
    const argv = ['__complete', '--', '--socket', server.socketPath, 'job', 'wait', '7', ''];
    const { stdout } = await runCommand(argv, { cwd, environment: PATIENT });
    expect(stdout).toBe('1\tmail, queued\n');
  });

  test('only names that begin as typed are offered', async () => {
    server.routes.set('GET /v1/queues', () => ({ queues: [{ name: 'mail' }, { name: 'slow' }] }));
    expect(await offered('queue', 'drain', 'sl')).toEqual(['slow']);
  });

  test('a name that would break the line of the shell is not offered', async () => {
    const queues = [
      { name: 'a\nb', mode: 'open' },
      { name: 'c', mode: 'open\tor\nnot' },
    ];
    server.routes.set('GET /v1/queues', () => ({ queues }));
    const argv = ['__complete', '--', '--socket', server.socketPath, 'queue', 'pause', ''];
    expect((await runCommand(argv, { cwd, environment: PATIENT })).stdout).toBe(
      'c\tqueue, open or not\n',
    );
  });
});

describe('silence', () => {
  test('nothing is said and nothing offered when the daemon is away', async () => {
    await server.dispose();
    expect(await offered('queue', 'pause', '')).toEqual([]);
  });

  test('nothing is said where the configuration has mistakes', async () => {
    const argv = ['__complete', '--', '--config', path.join(cwd, 'none.ini'), 'queue', 'pause', ''];
    expect(await runCommand(argv, { cwd })).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  test('an answer of another shape offers nothing', async () => {
    server.routes.set('GET /v1/queues', () => ({ lines: 3 }));
    expect(await offered('queue', 'pause', '')).toEqual([]);
  });

  test('a daemon that never answers is given up', async () => {
    const socketPath = path.join(cwd, 'mute.sock');
    const mute = await listen(socketPath);
    const patience = new AbortController();
    mute.once('connection', () => patience.abort());
    try {
      expect(await askNames(socketPath, 'queue', patience.signal)).toEqual([]);
    } finally {
      mute.close();
    }
  });
});

function listen(socketPath: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const mute = createServer((socket) => socket.on('error', () => undefined));
    mute.on('error', reject).listen(socketPath, () => resolve(mute));
  });
}
