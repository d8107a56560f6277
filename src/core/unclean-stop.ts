/**
 * Whether the last core that owned the database has ended it properly: a mark that is there while one works. After
 * any other end the file is looked at, in the background, and a file that is broken is the end of the service.
 */
import { closeSync, existsSync, fsyncSync, openSync, rmSync } from 'node:fs';
import type { RunDatabaseTask } from '../process/database-process.ts';
import type { Logger } from '../process/logger.ts';
import type { StorageView } from '../protocol/database.ts';
import { TaskbellError } from '../protocol/errors.ts';

export interface UncleanStopParts {
  /** The mark: a file that is no database. */
  readonly mark: string;
  readonly file: string;
  readonly perform: RunDatabaseTask;
  readonly log: Logger;
  readonly onDamage: (error: TaskbellError) => void;
  /** What has just died may die again, and those who wait for the service go first. */
  readonly delayMs?: number;
}

const DELAY_MS = 5_000;

export class UncleanStop {
  readonly #parts: UncleanStopParts;
  #verdict: StorageView['check'] = 'clean';
  #timer: NodeJS.Timeout | undefined;
  #checking: Promise<void> | undefined;

  constructor(parts: UncleanStopParts) {
    this.#parts = parts;
  }

  get verdict(): StorageView['check'] {
    return this.#verdict;
  }

  start(): void {
    const { mark, delayMs = DELAY_MS } = this.#parts;
    if (!existsSync(mark)) {
      const descriptor = openSync(mark, 'w', 0o600);
      fsyncSync(descriptor);
      closeSync(descriptor);
      return;
    }
    this.#verdict = 'due';
    this.#timer = setTimeout(() => {
      this.#checking = this.#check();
    }, delayMs);
  }

  /** After the work was stopped. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#checking;
  }

  /** The database is closed. What was to be looked at and was not stays to be looked at. */
  noteClosed(): void {
    if (this.#verdict === 'clean' || this.#verdict === 'ok') {
      rmSync(this.#parts.mark, { force: true });
    }
  }

  /** Never rejects. */
  async #check(): Promise<void> {
    const { file, perform, log } = this.#parts;
    this.#verdict = 'running';
    try {
      const task = { kind: 'check', file, full: false, lockFile: null } as const;
      const { damage, contradictions, durationMs } = await perform(task);
      if (damage.length > 0) this.#noteDamage(file, damage);
      else if (contradictions.length > 0) {
        this.#verdict = 'contradictory';
        log.error({ file, contradictions, durationMs }, 'the database contradicts itself');
      } else {
        this.#verdict = 'ok';
        log.info({ file, durationMs }, 'the database is sound after an unclean stop');
      }
    } catch (err) {
      const isStopping = err instanceof TaskbellError && err.code === 'E_UNAVAILABLE';
      this.#verdict = isStopping ? 'due' : 'failed';
      if (!isStopping) log.error({ err }, 'the database could not be looked at');
    }
  }

  #noteDamage(file: string, damage: readonly string[]): void {
    this.#verdict = 'damaged';
    this.#parts.onDamage(
      new TaskbellError('E_DATABASE_INVALID', `The database ${file} is damaged: ${damage[0]}.`, {
        hint: 'Restore the last backup: taskbell db restore FILE. The damaged one is kept aside by that.',
      }),
    );
  }
}
