/** Starts one child process and tells how it ended. Decides nothing. */
import { ChildProcess, fork } from 'node:child_process';
import { CHILD_ARGUMENT } from '../process/child-process.ts';
import { LOOP_REPORT_DESCRIPTOR } from '../process/loop-report.ts';
import { RUN_MARK } from '../protocol/execute.ts';
import type { Role } from '../protocol/supervision.ts';
import { withoutServiceManager } from './systemd-environment.ts';

export interface ForkRequest {
  /** The script that understands `CHILD_ARGUMENT`. */
  readonly entry: string;
  readonly role: Role;
  readonly run: string;
  /** Options of Node itself. */
  readonly execArgv: readonly string[];
  /** Descriptors that it gets besides: the first as `FIRST_INHERITED`, and so on. */
  readonly inherit?: readonly number[];
}

/** Below it: input, output, errors, Node's channel and the pipe for reports of its event loop. */
export const FIRST_INHERITED = LOOP_REPORT_DESCRIPTOR + 1;

export interface ChildEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Set when the process could not be started at all. */
  readonly error?: Error;
}

/** Never throws: where the system refuses a process, there is one without a pid, and `childEnd` says why. */
export function forkChild(request: ForkRequest): ChildProcess {
  try {
    return forkNow(request);
  } catch (error) {
    // Of some reasons Node tells by an event, of others, such as too little memory, it throws.
    const none = new ChildProcess();
    process.nextTick(() => none.emit('error', error));
    return none;
  }
}

function forkNow(request: ForkRequest): ChildProcess {
  // An executor tells the core, which knows whose attempt it is.
  const reports = request.role === 'executor' ? 'ignore' : 'pipe';
  return fork(request.entry, [CHILD_ARGUMENT, request.role], {
    // Not the parent's: two processes cannot share an --inspect port.
    execArgv: [...request.execArgv],
    // What a child writes is read by child-output.ts, so that it never waits for a reader of the log.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc', reports, ...(request.inherit ?? [])],
    serialization: 'json',
    // biome-ignore lint/style/noProcessEnv: handlers run with the daemon's own environment; settings are not read from it here.
    env: { ...withoutServiceManager(process.env), [RUN_MARK]: request.run },
  });
}

/** How long to wait for the last messages of a child whose exit is known. */
const LAST_WORDS_MS = 250;

/**
 * Resolves when the child is gone and its last message was read: `exit` may come before the
 * `fatal` that explains it, `close` comes after both (https://nodejs.org/api/child_process.html#event-close).
 */
export function childEnd(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve) => {
    child.once('exit', (exitCode, signal) => {
      // A descendant that got hold of the channel would delay `close` for as long as it lives.
      const timer = setTimeout(() => resolve({ exitCode, signal }), LAST_WORDS_MS);
      child.once('close', () => {
        clearTimeout(timer);
        resolve({ exitCode, signal });
      });
    });
    child.on('error', (error) => {
      // Without a pid it never ran, and there will be no `exit`. With one, a message could not be
      // delivered, which means that it is ending: `exit` tells the rest.
      if (child.pid === undefined) resolve({ exitCode: null, signal: null, error });
    });
  });
}
