import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Shell, shellScript } from '../../src/cli/completion/shell-scripts.ts';
import { ControlServer } from '../client/control-server.ts';

const EXECUTABLE = path.resolve(import.meta.dirname, '../../bin/taskbell.js');
const ZSH_LINE = path.resolve(import.meta.dirname, 'zsh-line.zsh');
/** Where a shell is that is not in the path; TEST_ZSH_SETUP sets the paths of an unpacked zsh up. */
const { TEST_ZSH = 'zsh', TEST_FISH = 'fish', TEST_ZSH_SETUP = '' } = process.env;
const SHELLS: Readonly<Record<Shell, string>> = { bash: 'bash', zsh: TEST_ZSH, fish: TEST_FISH };

let directory: string;
let server: ControlServer;

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'taskbell-shell-'));
  server = await ControlServer.create();
  const queues = [
    { name: 'mail', mode: 'open' },
    { name: 'slow: very', mode: 'open' },
  ];
  server.routes.set('GET /v1/queues', () => ({ queues }));
  const wrapper = path.join(directory, 'taskbell');
  writeFileSync(wrapper, `#!/bin/sh\nexec '${process.execPath}' '${EXECUTABLE}' "$@"\n`);
  chmodSync(wrapper, 0o755);
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    writeFileSync(path.join(directory, `completion.${shell}`), shellScript(shell));
  }
});

afterAll(async () => {
  await server.dispose();
  rmSync(directory, { recursive: true, force: true });
});

function isThere(shell: Shell): boolean {
  const found = spawnSync(SHELLS[shell], ['-c', 'true']).status === 0;
  if (!found) console.warn(`${shell} is not installed: its completion is not tried`);
  return found;
}

/** Not synchronously: the names come from a server in this process. */
async function runShell(shell: Shell, argv: readonly string[]): Promise<readonly string[]> {
  const { stdout, stderr } = await promisify(execFile)(SHELLS[shell], argv, {
    cwd: directory,
    env: {
      ...process.env,
      PATH: `${directory}:${process.env.PATH}`,
      HOME: directory,
      // However busy the machine is.
      TASKBELL_COMPLETION_MS: '25000',
    },
  });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line.trim() !== '');
}

const BASH_LINE = `
source completion.bash
COMP_LINE=$1 COMP_POINT=\${#1}
read -r -a COMP_WORDS <<< "$1"
[[ $1 == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
$(complete -p taskbell | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
printf '%s\\n' "\${COMPREPLY[@]}"`;

describe.skipIf(!isThere('bash'))('bash', () => {
  const complete = (line: string) => runShell('bash', ['--norc', '-c', BASH_LINE, 'bash', line]);

  test('takes the script and completes commands, verbs and options', async () => {
    expect(await complete('taskbell jo')).toEqual(['job']);
    expect(await complete('taskbell queue p')).toEqual(['pause', 'purge']);
    expect(await complete('taskbell job list --st')).toEqual(['--state']);
  });

  test('replaces only what stands behind =, as bash splits words there', async () => {
    expect(await complete('taskbell job list --state=fa')).toEqual(['failed']);
  });

  test('completes names of the daemon, quoted where the shell needs it', async () => {
    const line = `taskbell --socket ${server.socketPath} queue pause `;
    expect(await complete(line)).toEqual(['mail', 'slow:\\ very']);
  });

  test('leaves files to itself', async () => {
    expect(await complete('taskbell job import ')).toEqual([]);
  });
});

describe.skipIf(!isThere('zsh'))('zsh', () => {
  /** What an interactive shell makes of the line after Tab. */
  const complete = async (line: string) => {
    const script = path.join(directory, 'completion.zsh');
    const argv = ['-f', ZSH_LINE, TEST_ZSH, script, line, TEST_ZSH_SETUP];
    return (await runShell('zsh', argv)).at(-1);
  };

  test('takes the script and completes commands, verbs and values', async () => {
    expect(await complete('taskbell jo')).toBe('taskbell job ');
    expect(await complete('taskbell queue pau')).toBe('taskbell queue pause ');
    expect(await complete('taskbell job list --state=fa')).toBe(
      'taskbell job list --state=failed ',
    );
  });

  test('completes names of the daemon, with what the shell would take for its own quoted', async () => {
    const line = `taskbell --socket ${server.socketPath} queue pause `;
    expect(await complete(`${line}ma`)).toBe(`${line}mail `);
    expect(await complete(`${line}sl`)).toBe(`${line}slow:\\ very `);
  });
});

describe.skipIf(!isThere('fish'))('fish', () => {
  const complete = (line: string) => {
    const script = 'source completion.fish; complete -C "$argv[1]"';
    return runShell('fish', ['--no-config', '-c', script, line]);
  };

  test('takes the script and completes commands and verbs with what they do', async () => {
    expect(await complete('taskbell jo')).toEqual(['job\tadd and watch jobs']);
    expect(await complete('taskbell job list --state=fa')).toEqual(['--state=failed']);
  });

  test('completes names of the daemon', async () => {
    const line = `taskbell --socket ${server.socketPath} queue pause `;
    expect(await complete(`${line}ma`)).toEqual(['mail\tqueue, open']);
  });
});
