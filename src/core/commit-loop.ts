/**
 * Group commit: all work that arrives in one turn of the event loop shares one transaction.
 *
 * Work is synchronous and is answered only after the commit. If one piece throws, the group is
 * rolled back and each piece is tried in a transaction of its own, so that only the culprit fails;
 * therefore work may run twice and must not keep state outside the database, save through a
 * `Participant`. A failed write or fsync is the end: SQLite's connection would go on and lie.
 *
 * A group waits for the disk if anything in it does. One that does not is brought there soon by a timer, of
 * which there is none while nothing is outstanding.
 */
import { TaskbellError } from '../protocol/errors.ts';
import type { Durability } from '../protocol/jobs.ts';
import { type Participant, SYNC_WITHIN_MS, type Transaction } from '../sqlite/commit.ts';

interface Work {
  readonly run: () => unknown;
  readonly durability: Durability;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** With the 100 ms that SQLite itself waits each time, some seconds in all. */
const PAUSE_MS = 50;
const MAX_PAUSES = 40;

export interface CommitLoopOptions {
  readonly transaction: Transaction;
  /** Called once, when the storage failed and nothing further may be acknowledged. */
  readonly onFatal: (error: TaskbellError) => void;
  /** The disk is full. @returns whether something was done about it, so that the group is worth another attempt */
  readonly onFull?: () => boolean;
  /** Hears of each transaction: what shared it, and how long it took. */
  readonly onCommitted?: (writes: number, durationMs: number) => void;
}

export class CommitLoop {
  readonly #options: CommitLoopOptions;
  readonly #participants: Participant[] = [];
  #beforeFlush: () => void = () => undefined;
  #waiting: Work[] = [];
  #scheduled: NodeJS.Immediate | undefined;
  /** Another program holds the database's write lock: its turn is waited for. */
  #pause: NodeJS.Timeout | undefined;
  #pauses = 0;
  /** Armed while a commit is outstanding that did not wait for the disk. */
  #sync: NodeJS.Timeout | undefined;
  #closed: TaskbellError | undefined;
  /** Transactions committed so far. */
  commits = 0;
  /** Those of them that did not wait for the disk. */
  osCommits = 0;

  constructor(options: CommitLoopOptions) {
    this.#options = options;
  }

  join(participant: Participant): void {
    this.#participants.push(participant);
  }

  /** `hook` runs at the start of each flush and may hand in more work for the same transaction. */
  onFlush(hook: () => void): void {
    this.#beforeFlush = hook;
  }

  /** Sees to it that a flush happens in this turn, even without work: the hook may have some. */
  nudge(): void {
    if (this.#closed !== undefined || this.#pause !== undefined) return;
    this.#scheduled ??= setImmediate(() => this.#flush());
  }

  readonly commit = <T>(run: () => T, durability: Durability = 'disk'): Promise<T> => {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    const { promise, resolve, reject } = withResolvers<T>();
    this.#waiting.push({
      run,
      durability,
      resolve: resolve as (value: unknown) => void,
      reject,
    });
    this.nudge();
    return promise;
  };

  /** Resolves when a change is on the disk that nobody asked for: proof that others would be, too. */
  prove(): Promise<void> {
    return this.commit(() => this.#options.transaction.touch());
  }

  /** Commits what waits, then refuses further work. */
  close(): void {
    if (this.#closed !== undefined) return;
    this.#beforeFlush = () => undefined;
    this.#flush();
    clearTimeout(this.#pause);
    this.#refuseFrom(
      new TaskbellError('E_UNAVAILABLE', 'The daemon is stopping.', {
        hint: 'Try again in a moment.',
      }),
    );
  }

  #flush(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    if (this.#closed === undefined) this.#beforeFlush();
    // Only now: what the hook handed in goes with this group, and asks for no flush after it.
    if (this.#scheduled !== undefined) clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    if (this.#closed !== undefined) return;
    const group = this.#waiting;
    this.#waiting = [];
    if (group.length === 0) return;
    if (!this.#attempt(group) && group.length > 1) this.#oneByOne(group);
  }

  #oneByOne(group: readonly Work[]): void {
    for (const [index, work] of group.entries()) {
      this.#attempt([work]);
      if (this.#pause === undefined) continue;
      // In their order: a claim that overtook an add would see its lane empty, and nobody would ask again.
      this.#waiting.splice(1, 0, ...group.slice(index + 1));
      return;
    }
  }

  /** @returns false when the group failed and its members should be tried one by one */
  #attempt(group: readonly Work[]): boolean {
    if (this.#closed !== undefined) {
      for (const work of group) work.reject(this.#closed);
      return true;
    }
    const durability = group.every((work) => work.durability === 'os') ? 'os' : 'disk';
    const startedMono = performance.now();
    let values: readonly unknown[];
    try {
      values = this.#transact(group, durability);
    } catch (error) {
      return this.#failed(group, error);
    }
    this.#committed(durability);
    this.#options.onCommitted?.(group.length, performance.now() - startedMono);
    for (const [index, work] of group.entries()) work.resolve(values[index]);
    // Outside of the try: the group is committed, so whatever a participant throws, it must not run again.
    for (const participant of this.#participants) participant.afterCommit?.();
    return true;
  }

  #committed(durability: Durability): void {
    this.commits += 1;
    this.#pauses = 0;
    if (durability === 'disk') return;
    this.osCommits += 1;
    this.#expectSync();
  }

  // Not put off by commits that wait for the disk: one that wrote nothing did not wait.
  #expectSync(): void {
    this.#sync ??= setTimeout(() => this.#syncNow(), SYNC_WITHIN_MS);
  }

  #syncNow(): void {
    this.#sync = undefined;
    this.commit(() => this.#options.transaction.touch()).catch(() => {
      // A disk that fails has closed the loop and is told to `onFatal`; a full or busy one is asked again.
      if (this.#closed === undefined) this.#expectSync();
    });
  }

  #transact(group: readonly Work[], durability: Durability): readonly unknown[] {
    const { transaction } = this.#options;
    transaction.begin(durability);
    try {
      const values = group.map((work) => work.run());
      for (const participant of this.#participants) participant.beforeCommit?.();
      transaction.commit();
      return values;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  #rollBack(): void {
    this.#options.transaction.rollback();
    for (const participant of this.#participants) participant.afterRollback?.();
  }

  #failed(group: readonly Work[], error: unknown): boolean {
    if (codeOf(error).startsWith('SQLITE_BUSY') && this.#pauses < MAX_PAUSES) {
      this.#postpone(group);
      return true;
    }
    const storage = storageFailure(error);
    if (storage?.code === 'E_DISK_FULL' && this.#options.onFull?.()) return this.#attempt(group);
    if (storage?.code === 'E_IO') {
      this.#refuseFrom(storage);
      for (const work of group) work.reject(storage);
      this.#options.onFatal(storage);
      return true;
    }
    if (storage === undefined && group.length > 1) return false;
    for (const work of group) work.reject(storage ?? error);
    return true;
  }

  #postpone(group: readonly Work[]): void {
    this.#waiting.unshift(...group);
    this.#pauses += 1;
    this.#pause ??= setTimeout(() => this.#flush(), PAUSE_MS);
  }

  #refuseFrom(error: TaskbellError): void {
    this.#closed = error;
    clearTimeout(this.#sync);
    for (const work of this.#waiting.splice(0)) work.reject(error);
  }
}

function storageFailure(error: unknown): TaskbellError | undefined {
  const code = codeOf(error);
  if (code.startsWith('SQLITE_BUSY')) {
    return new TaskbellError(
      'E_UNAVAILABLE',
      'Another program holds the write lock of the database.',
      {
        hint: 'End that program: only the daemon may write to its database.',
        cause: error,
      },
    );
  }
  // The second: the WAL's index, which is on the same disk, could not grow. Either way nothing was written.
  if (code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE') {
    return new TaskbellError('E_DISK_FULL', 'The disk that holds the data directory is full.', {
      hint: 'Free some space; what was accepted before is safe.',
      cause: error,
    });
  }
  if (/^SQLITE_(IOERR|CORRUPT|NOTADB|CANTOPEN|READONLY|PROTOCOL)/.test(code)) {
    return new TaskbellError('E_IO', `The database could not be written (${code}).`, {
      hint: 'Check the disk and its file system; the daemon restarts and checks the file.',
      cause: error,
    });
  }
  return undefined;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

// Promise.withResolvers comes with Node 22.
function withResolvers<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
} {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
