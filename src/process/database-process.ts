/**
 * Starts the process that works on a database file, shows how far it is, and tells what came of it.
 * Opens no database: of a copy that grows it looks at the size alone.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type {
  DatabaseProgress,
  DatabaseResults,
  DatabaseStep,
  DatabaseTask,
  FromDatabaseProcess,
} from '../protocol/database.ts';
import { TaskbellError } from '../protocol/errors.ts';

export interface DatabaseProcessOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DatabaseProgress) => void) | undefined;
  /** The script; the one that was built with this file when omitted. */
  readonly entry?: string | undefined;
}

export type RunDatabaseTask = <T extends DatabaseTask>(
  task: T,
  options?: DatabaseProcessOptions,
) => Promise<DatabaseResults[T['kind']]>;

const ENTRY = new URL('../sqlite/database-process.js', import.meta.url);
const LOOK_EVERY_MS = 200;

/**
 * Aborted, the process is killed and what it had copied is removed: nothing has changed then. One that puts a file in
 * the place of another is left to its end, which is moments away, and its result is the answer.
 * @throws TaskbellError as the task says, or E_IO when the process dies
 */
export const runDatabaseTask: RunDatabaseTask = async (task, options = {}) => {
  const { signal, onProgress = () => undefined, entry = fileURLToPath(ENTRY) } = options;
  signal?.throwIfAborted();
  const child = fork(entry, [], {
    ...{ execArgv: [], stdio: ['ignore', 2, 2, 'ipc'] },
    // Out of reach of a Ctrl-C that is meant for the parent, which ends it by itself.
    detached: true,
  });
  const watch = new StepWatch(onProgress);
  const kill = () => {
    if (!watch.isReplacing) child.kill('SIGKILL');
  };
  signal?.addEventListener('abort', kill);
  try {
    const result = await attend(child, task, watch);
    return result as DatabaseResults[(typeof task)['kind']];
  } catch (error) {
    if (!watch.isReplacing) signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', kill);
    watch.stop();
  }
};

function attend(child: ChildProcess, task: DatabaseTask, watch: StepWatch): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let answer: Exclude<FromDatabaseProcess, { kind: 'step' }> | undefined;
    child.on('message', (message: FromDatabaseProcess) => {
      if (message.kind === 'step') watch.follow(message.step);
      else answer = message;
    });
    child.on('error', (cause) => reject(died(cause.message, cause)));
    // `close` comes after the last message was read.
    child.on('close', (exitCode, signal) => {
      if (answer?.kind === 'done') resolve(answer.result);
      else {
        watch.removeDraft();
        const how = signal ?? `exit code ${exitCode}`;
        if (answer !== undefined) reject(errorOf(answer));
        else reject(watch.isReplacing ? diedReplacing(how) : died(how));
      }
    });
    child.send(task, (error) => {
      // It died before it could read: `close` tells so.
      if (error !== null) child.kill('SIGKILL');
    });
  });
}

function errorOf({ code, message, hint }: Extract<FromDatabaseProcess, { kind: 'failed' }>) {
  return new TaskbellError(code, message, { hint: hint ?? undefined });
}

function died(how: string, cause?: Error): TaskbellError {
  return new TaskbellError('E_IO', `The process that worked on the database ended (${how}).`, {
    hint: 'Nothing was changed. Look at its last lines in the log, and try again.',
    cause,
  });
}

function diedReplacing(how: string): TaskbellError {
  return new TaskbellError(
    'E_IO',
    `The process ended (${how}) while it put a file in the place of the database.`,
    {
      hint: 'Run the same command once more; what was there before was kept until the other was whole.',
    },
  );
}

/** How far a copy is, by the size of its file. */
class StepWatch {
  readonly #onProgress: (progress: DatabaseProgress) => void;
  #step: DatabaseStep | undefined;
  #draft: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(onProgress: (progress: DatabaseProgress) => void) {
    this.#onProgress = onProgress;
  }

  /** From here on something changes. */
  get isReplacing(): boolean {
    return this.#step?.phase === 'replacing';
  }

  follow(step: DatabaseStep): void {
    this.#step = step;
    if (step.draft !== null) this.#draft = step.draft.file;
    this.#timer ??= setInterval(() => this.#tell(), LOOK_EVERY_MS);
    this.#tell();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** What a process that was killed has left. */
  removeDraft(): void {
    if (this.#draft === undefined) return;
    for (const rest of ['', '-journal']) rmSync(`${this.#draft}${rest}`, { force: true });
  }

  #tell(): void {
    const step = this.#step;
    if (step === undefined) return;
    const { phase, draft } = step;
    this.#onProgress({ phase, share: draft === null ? null : shareOf(draft) });
  }
}

function shareOf({ file, bytes }: NonNullable<DatabaseStep['draft']>): number {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return bytes === 0 ? 1 : Math.min(1, size / bytes);
}
