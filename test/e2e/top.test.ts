/** `top` on a real terminal: what it draws in two sizes, and that the terminal is as it was afterwards. */
import { execFile, spawnSync } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Site } from './daemon.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const ENTER = '\u001b[?1049h';
const LEAVE = '\u001b[?1049l';
const EXECUTABLE = path.resolve(import.meta.dirname, '../../bin/taskbell.js');
const PTY = path.join(import.meta.dirname, 'on_terminal.py');

const hasTerminal = spawnSync('python3', ['-c', 'import pty']).status === 0;
if (!hasTerminal) console.warn('skipped: without python3 there is no terminal for top');

interface Step {
  readonly until: string;
  readonly type?: string;
  readonly resize?: readonly [columns: number, rows: number];
  readonly signal?: 'SIGTERM' | 'SIGINT';
}

describe.skipIf(!hasTerminal)('top on a terminal', () => {
  let site: Site;
  beforeAll(async () => {
    site = new Site();
    await site.up();
  });
  afterAll(() => site.dispose());

  async function onTerminal(steps: readonly Step[], size = [80, 24]) {
    const argv = [process.execPath, EXECUTABLE, 'top', '--config', site.path('config.ini')];
    const env = { E2E_SITE: site.directory, TERM: 'xterm' };
    const plan = JSON.stringify({ argv, size, steps, env });
    const { stdout } = await promisify(execFile)('python3', [PTY, plan], { cwd: site.directory });
    return JSON.parse(stdout) as { readonly status: number; readonly output: string };
  }

  test('draws, survives a resize to 40×10 and to 200×60, and q gives the terminal back', async () => {
    const { status, output } = await onTerminal([
      { until: 'q quits', resize: [40, 10] },
      { until: 'q quits', resize: [200, 60] },
      { until: 'q quits', type: 'q' },
    ]);
    expect(status).toBe(0);
    expect(output).toContain('ended/s');
    expect(output).toContain('PROCESS');
    expect(output.indexOf(ENTER)).toBeGreaterThanOrEqual(0);
    expect(output.indexOf(LEAVE)).toBeGreaterThan(output.lastIndexOf('ended/s'));
    expect(output).toContain('\u001b[?25h');
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('%s gives the terminal back, too', async (signal) => {
    const { output } = await onTerminal([{ until: 'q quits', signal }]);
    expect(output.indexOf(LEAVE)).toBeGreaterThan(output.lastIndexOf('ended/s'));
  });

  test('without a terminal it refuses with 64, before it draws anything', async () => {
    const ran = await site.run(['top']);
    expect(ran).toMatchObject({ exitCode: 64, stdout: '' });
    expect(ran.stderr).toContain('taskbell status');
  });
});
