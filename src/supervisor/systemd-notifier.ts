/**
 * Says something to the service manager, through `systemd-notify`: Node has no datagram sockets of the unix
 * family. One message after the other, so that none overtakes another; what waits meanwhile becomes one message.
 *
 * Refuses to let the service wait for its manager: what cannot be said is logged once, and that is all.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Logger } from '../process/logger.ts';
import type { Deadline } from '../process/service.ts';
import { within } from '../process/within.ts';
import { type NotifyFields, queueMessage, toArguments } from './systemd-message.ts';

export interface NotifierOptions {
  readonly notifySocket: string;
  readonly searchPath: string;
  readonly log: Logger;
}

/** The program itself waits for 5 s until the manager has taken its message. */
const PROGRAM_LIMIT_MS = 10_000;

export class SystemdNotifier {
  readonly #options: NotifierOptions;
  #waiting: readonly NotifyFields[] = [];
  #speaking: Promise<void> | undefined;
  #hasWarned = false;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  tell(message: NotifyFields): void {
    this.#waiting = queueMessage(this.#waiting, message);
    this.#speaking ??= this.#speak().finally(() => {
      this.#speaking = undefined;
    });
  }

  /** Resolves when everything has been said, or at the deadline. */
  async said(deadline: Deadline): Promise<void> {
    if (this.#speaking !== undefined) await within(this.#speaking, deadline);
  }

  async #speak(): Promise<void> {
    // What is told in one turn is one message.
    await new Promise((resolve) => setImmediate(resolve));
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      const problem = await this.#run(next);
      if (problem !== null) this.#warn(problem);
    }
  }

  #take(): NotifyFields | undefined {
    const [first, ...rest] = this.#waiting;
    this.#waiting = rest;
    return first;
  }

  /** Resolves with why it failed; null: it did not. Never rejects. */
  async #run(message: NotifyFields): Promise<string | null> {
    try {
      const program = this.#start(message);
      const killer = setTimeout(() => program.kill('SIGKILL'), PROGRAM_LIMIT_MS);
      return await endOf(program).finally(() => clearTimeout(killer));
    } catch (error) {
      // Of some reasons, such as too little memory, Node does not tell by an event.
      return String(error);
    }
  }

  #start(message: NotifyFields): ChildProcess {
    const { notifySocket, searchPath } = this.#options;
    return spawn('systemd-notify', toArguments(message), {
      stdio: 'ignore',
      env: { PATH: searchPath, NOTIFY_SOCKET: notifySocket },
    });
  }

  #warn(problem: string): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#options.log.warn({ problem }, 'the service manager cannot be notified');
  }
}

/** Resolves with why it failed; null: it did not. */
function endOf(program: ChildProcess): Promise<string | null> {
  return new Promise((resolve) => {
    program.once('error', (error) => resolve(error.message));
    program.once('exit', (code, signal) => {
      resolve(code === 0 ? null : `systemd-notify ended with ${signal ?? code}`);
    });
  });
}
