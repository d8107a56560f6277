/**
 * The executable, as a user runs it: `taskbell … --json` for short commands, `taskbell up` as a process.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';

/** Longest time that `taskbell up` may take to stop: its own limit (25 s) and a little. */
const STOP_WITHIN_MS = 32_000;

/** @returns a function that runs one command and gives the JSON that it printed */
export function createCommands({ root, workspace }) {
  return async (...args) => {
    const { status, stdout, stderr } = await run([...command(root), ...args, '--json'], {
      cwd: workspace.directory,
      env: environment(),
    });
    if (status !== 0) {
      throw new Error(`taskbell ${args.join(' ')} ended with ${status}:\n${stderr}${stdout}`);
    }
    return stdout.trim() === '' ? undefined : JSON.parse(stdout);
  };
}

/** Starts `taskbell up`. It logs into the workspace. */
export function startDaemon({ root, workspace }) {
  const log = openSync(workspace.logFile, 'a');
  const [program, ...args] = [...command(root), 'up', '--config', workspace.configFile];
  const child = spawn(program, args, {
    cwd: workspace.directory,
    env: environment(),
    stdio: ['ignore', log, log],
    // Out of the terminal's foreground group: Ctrl-C reaches the demo, which then stops it once.
    detached: true,
  });
  closeSync(log);
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(String(error)));
    child.once('close', (status, signal) => resolve(signal ?? status));
  });
  const killIfLeft = () => kill(child.pid);
  process.once('exit', killIfLeft);
  void ended.then(() => process.off('exit', killIfLeft));
  return { pid: child.pid, ended, stop: () => stop(child, ended) };
}

/** @returns 0 after a clean stop; else the status or the signal that ended it */
async function stop(child, ended) {
  child.kill('SIGTERM');
  const timer = setTimeout(() => kill(child.pid), STOP_WITHIN_MS);
  try {
    return await ended;
  } finally {
    clearTimeout(timer);
  }
}

function kill(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile, which is what was wanted.
  }
}

export function command(root) {
  return [process.execPath, path.join(root, 'bin', 'taskbell.js')];
}

/** Without the caller's own TASKBELL_… settings, which would win over the demo's file. */
function environment() {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('TASKBELL_'));
  return Object.fromEntries(own);
}

function run([program, ...args], options) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        texts[name] += text;
      });
    }
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, ...texts }));
  });
}
