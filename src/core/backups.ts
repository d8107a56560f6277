/**
 * Backups of the database: when they are asked for, and by themselves as `[backup]` says. The copying is done in
 * another process; commits go on meanwhile.
 */
import { readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { BackupSettings } from '../config/settings.ts';
import type { RunDatabaseTask } from '../process/database-process.ts';
import type { Logger } from '../process/logger.ts';
import { makeDirectory } from '../process/make-directory.ts';
import { type BackupDone, type BackupStatus, backupName } from '../protocol/database.ts';
import { TaskbellError } from '../protocol/errors.ts';
import { newestBackup, nextBackupAt, surplusBackups, timeOfBackup } from './backup-plan.ts';
import { DeadlineTimer } from './deadline-timer.ts';

export interface BackupsParts {
  readonly settings: BackupSettings;
  /** Where they go unless `[backup] directory` says otherwise. */
  readonly directory: string;
  /** The database. */
  readonly source: string;
  readonly perform: RunDatabaseTask;
  readonly log: Logger;
  readonly now: () => number;
}

interface Known {
  readonly file: string;
  readonly at: number;
  readonly bytes: number;
}

export class Backups {
  readonly #parts: BackupsParts;
  readonly #directory: string;
  readonly #timer: DeadlineTimer;
  readonly #startedAt: number;
  /** Wherever it was put. */
  #last: Known | null = null;
  /** Of the newest one in the directory: by it the next one is expected. */
  #lastRegularAt: number | null = null;
  #lastFailedAt: number | null = null;
  #error: string | null = null;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: BackupsParts) {
    this.#parts = parts;
    this.#directory = parts.settings.directory ?? parts.directory;
    this.#startedAt = parts.now();
    this.#timer = new DeadlineTimer({ now: parts.now, onWake: () => this.#wake() });
  }

  start(): void {
    this.#last = this.#findLast();
    const lastAt = this.#last?.at ?? null;
    // Named while the clock was wrong: it must not put off the next one for as long.
    this.#lastRegularAt = lastAt && Math.min(lastAt, this.#startedAt);
    this.#arm();
  }

  /** Before the work is stopped, which ends what is being made. Resolves when nothing of it goes on any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer.stop();
    await this.#running;
  }

  /**
   * @param file absolute; a directory: under the usual name in it. Null: in the directory of backups
   * @throws TaskbellError where it cannot be made, or does not hold what it should
   */
  async make(file: string | null, signal?: AbortSignal): Promise<BackupDone> {
    const { source, perform, now, log } = this.#parts;
    const target = this.#targetOf(file);
    const task = { kind: 'backup', source, target, lockFile: null } as const;
    const done = await perform(task, { signal });
    const at = now();
    this.#last = { file: done.file, at, bytes: done.facts.bytes };
    if (path.dirname(done.file) === this.#directory) {
      this.#lastRegularAt = at;
      this.#lastFailedAt = null;
      this.#error = null;
    }
    const { durationMs, facts } = done;
    log.info({ file: done.file, bytes: facts.bytes, durationMs }, 'backup made');
    this.#arm();
    return done;
  }

  status(): BackupStatus {
    const last = this.#last;
    const nextAt = this.#nextAt();
    return {
      last: last && { ...last, at: new Date(last.at).toISOString() },
      nextAt: nextAt === null ? null : new Date(nextAt).toISOString(),
      error: this.#error,
    };
  }

  #targetOf(file: string | null): string {
    const name = backupName(this.#parts.now());
    if (file === null) {
      this.#makeDirectory();
      return path.join(this.#directory, name);
    }
    const isDirectory = statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
    return isDirectory ? path.join(file, name) : file;
  }

  #makeDirectory(): void {
    try {
      makeDirectory(this.#directory, 0o700);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new TaskbellError(
        'E_CANNOT_CREATE',
        `The directory ${this.#directory} cannot be used: ${why}.`,
        {
          hint: 'Make it writable for the user who runs the daemon, or set [backup] directory.',
          cause,
        },
      );
    }
  }

  #nextAt(): number | null {
    return nextBackupAt(this.#parts.settings, {
      lastAt: this.#lastRegularAt,
      lastFailedAt: this.#lastFailedAt,
      startedAt: this.#startedAt,
    });
  }

  #arm(): void {
    const next = this.#nextAt();
    if (next !== null && !this.#stopped) this.#timer.expect(next);
  }

  #wake(): void {
    const next = this.#nextAt();
    // Woken early: a long sleep is looked at once a minute.
    if (next === null || next > this.#parts.now()) this.#arm();
    else {
      this.#running ??= this.#makeRegular().finally(() => {
        this.#running = undefined;
        this.#arm();
      });
    }
  }

  /** Never rejects: what fails is said, stands in the status, and is tried again. */
  async #makeRegular(): Promise<void> {
    const { log, now } = this.#parts;
    try {
      const { file } = await this.make(null);
      this.#removeSurplus(path.basename(file));
    } catch (err) {
      if (this.#stopped) return;
      this.#error = err instanceof Error ? err.message : String(err);
      this.#lastFailedAt = now();
      log.error({ err }, 'the backup failed');
    }
  }

  /** @param made the name of the newest, which stays whatever the clock says */
  #removeSurplus(made: string): void {
    const { settings, log } = this.#parts;
    for (const name of surplusBackups(readdirSync(this.#directory), settings.keep)) {
      if (name === made) continue;
      rmSync(path.join(this.#directory, name), { force: true });
      log.info({ file: path.join(this.#directory, name) }, 'old backup removed');
    }
  }

  #findLast(): Known | null {
    try {
      const name = newestBackup(readdirSync(this.#directory));
      if (name === undefined) return null;
      const file = path.join(this.#directory, name);
      return { file, at: timeOfBackup(name) ?? 0, bytes: statSync(file).size };
    } catch {
      // No directory yet, or none that can be read: the next backup says why.
      return null;
    }
  }
}
