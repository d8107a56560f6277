/**
 * Work on the database file in a process of its own, one piece after the other: copies and checks that were asked for,
 * and those that come by themselves.
 */
import type { RunDatabaseTask } from '../process/database-process.ts';
import type { DatabaseTask, StorageView } from '../protocol/database.ts';
import { TaskbellError } from '../protocol/errors.ts';

type CoreTask = Extract<DatabaseTask, { kind: 'backup' | 'check' }>;

export class DatabaseWork {
  readonly #run: RunDatabaseTask;
  readonly #stopping = new AbortController();
  #last: Promise<unknown> = Promise.resolve();
  #running: StorageView['running'] = null;

  constructor(run: RunDatabaseTask) {
    this.#run = run;
  }

  /** What runs now. */
  get running(): StorageView['running'] {
    return this.#running;
  }

  /** Waits for what was asked before. @param signal ends it: nothing has changed then */
  readonly perform = (async (task: CoreTask, { signal }: { signal?: AbortSignal } = {}) => {
    const before = this.#last;
    const own = this.#stopping.signal;
    const both = signal === undefined ? own : AbortSignal.any([own, signal]);
    const done = before.then(() => this.#perform(task, both));
    // Whoever asked hears of a failure; the next one only waits for its end.
    this.#last = done.catch(() => undefined);
    return done;
  }) as RunDatabaseTask;

  async stop(): Promise<void> {
    this.#stopping.abort(
      new TaskbellError('E_UNAVAILABLE', 'The daemon is stopping.', {
        hint: 'Try again in a moment.',
      }),
    );
    await this.#last;
  }

  async #perform(task: CoreTask, signal: AbortSignal) {
    const { kind } = task;
    try {
      return await this.#run(task, {
        signal,
        onProgress: (progress) => {
          this.#running = { kind, progress };
        },
      });
    } finally {
      this.#running = null;
    }
  }
}
