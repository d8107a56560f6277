/**
 * `taskbell up` as systemd keeps it: started, and started again 0.1 s after it ended, until told
 * to stop. Does not watch over what is below it: that is what is being tested.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { identityOf } from '../../src/process/process-identity.ts';
import type { ProcessIdentity } from '../../src/protocol/execute.ts';
import type { Workspace } from './workspace.ts';

const EXECUTABLE = fileURLToPath(new URL('../../bin/taskbell.js', import.meta.url));
const RESTART_MS = 100;

export interface ServiceExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly afterMs: number;
}

export class Service {
  readonly #workspace: Workspace;
  #child: ChildProcess | undefined;
  #identity: ProcessIdentity = { pid: 0, startTime: '' };
  #exited: Promise<ServiceExit> = Promise.resolve({ code: 0, signal: null, afterMs: 0 });

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  get identity(): ProcessIdentity {
    return this.#identity;
  }

  get exited(): Promise<ServiceExit> {
    return this.#exited;
  }

  start(): void {
    const { configFile, logFile, directory } = this.#workspace;
    const log = openSync(logFile, 'a');
    const child = spawn(process.execPath, [EXECUTABLE, 'up', '--config', configFile], {
      cwd: directory,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    const startedMono = performance.now();
    this.#child = child;
    this.#identity = identityOf(child.pid ?? 0);
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signal) =>
        resolve({ code, signal, afterMs: Math.round(performance.now() - startedMono) }),
      );
    });
  }

  async startAgain(): Promise<void> {
    await this.#exited;
    await delay(RESTART_MS);
    this.start();
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }
}
