/**
 * Ends what a killed supervisor leaves behind.
 *
 * `kill -9` of the supervisor runs no code of ours, and a child whose event loop is blocked does not
 * notice that its IPC channel closed. So a shell of about 1 MB waits on a pipe whose other end only
 * the supervisor holds: end of file is the supervisor's death, however it came about. It then gives
 * the children the time to stop by themselves and kills what still carries this run's mark.
 *
 * Refuses to end anything while the supervisor lives. Where there is no shell, there is no guardian.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Logger } from '../process/logger.ts';
import { signal } from '../process/process-identity.ts';
import type { Deadline } from '../process/service.ts';
import { RUN_MARK } from '../protocol/execute.ts';
import { GUARDIAN_SCRIPT } from './guardian-script.ts';
import { decideRestart, NO_RESTARTS, type RestartHistory } from './restart-policy.ts';

export interface GuardianOptions {
  readonly run: string;
  readonly log: Logger;
  /** Where processes show their environment; a directory that does not exist stands for a system without. */
  readonly procDirectory?: string;
}

export class Guardian {
  readonly #options: GuardianOptions;
  readonly #pids = new Set<number>();
  #shell: ChildProcess | undefined;
  #gone: Promise<void> = Promise.resolve();
  #history: RestartHistory = NO_RESTARTS;
  #timer: NodeJS.Timeout | undefined;
  #wanted = false;

  constructor(options: GuardianOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#shell?.pid;
  }

  start(): void {
    this.#wanted = true;
    this.#spawn();
  }

  watch(pid: number): void {
    this.#pids.add(pid);
    this.#tell(`+ ${pid}`);
  }

  forget(pid: number): void {
    this.#pids.delete(pid);
    this.#tell(`- ${pid}`);
  }

  /** The supervisor ends in order: nothing is left to be ended. */
  async stop(deadline: Deadline): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#timer);
    const pid = this.pid;
    if (pid === undefined) return;
    this.#tell('bye');
    const killer = setTimeout(() => signal(pid, 'SIGKILL'), deadline.remainingMs());
    await this.#gone;
    clearTimeout(killer);
  }

  #spawn(): void {
    const startedMono = performance.now();
    let shell: ChildProcess;
    try {
      shell = this.#startShell();
    } catch (err) {
      // Of some reasons, such as too little memory, Node does not tell by an event.
      this.#refused(err, startedMono);
      return;
    }
    this.#shell = shell;
    // EPIPE: the shell is gone, and its exit, which follows, starts another one.
    shell.stdin?.on('error', () => {});
    this.#gone = new Promise((resolve) => {
      shell.once('exit', () => resolve(this.#ended(startedMono)));
      shell.once('error', (err) => resolve(this.#refused(err, startedMono)));
    });
    for (const pid of this.#pids) this.#tell(`+ ${pid}`);
  }

  #startShell(): ChildProcess {
    const { run, procDirectory = '/proc' } = this.#options;
    return spawn(
      '/bin/sh',
      ['-c', GUARDIAN_SCRIPT, 'taskbell-guardian', `${RUN_MARK}=${run}`, procDirectory],
      {
        // A session of its own: Ctrl-C and the closing of a terminal go past it. No inherited
        // descriptor or directory: it must not keep a pipe or a mount of the dead supervisor alive.
        detached: true,
        stdio: ['pipe', 'ignore', 'ignore'],
        cwd: '/',
        // Not the mark: it must not find itself or the tools that it runs.
        // biome-ignore lint/style/noProcessEnv: the shell needs the path to its tools and nothing else.
        env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
      },
    );
  }

  #ended(startedMono: number): void {
    this.#shell = undefined;
    if (!this.#wanted) return;
    const life = { startedMono, endedMono: performance.now() };
    const { delayMs, history } = decideRestart(this.#history, life);
    this.#history = history;
    this.#options.log.warn(
      { restartInMs: delayMs },
      'guardian ended unexpectedly and is restarted',
    );
    this.#timer = setTimeout(() => this.#spawn(), delayMs);
  }

  #refused(err: unknown, startedMono: number): void {
    this.#shell = undefined;
    this.#options.log.warn(
      { err },
      'no guardian: a blocked handler would outlive a killed supervisor',
    );
    // There may be room for it later; a shell that is not there does not come.
    if ((err as NodeJS.ErrnoException).code !== 'ENOENT') this.#ended(startedMono);
  }

  #tell(line: string): void {
    const stdin = this.#shell?.stdin;
    if (stdin?.writable) stdin.write(`${line}\n`);
  }
}
