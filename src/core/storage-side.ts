/**
 * What the core does for its database file beside reading and writing it: backups, checks, the space that is held back,
 * and how all of it stands.
 */
import { statfsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { DatabaseService } from '../api/api-context.ts';
import type { Settings } from '../config/settings.ts';
import { type RunDatabaseTask, runDatabaseTask } from '../process/database-process.ts';
import type { Logger } from '../process/logger.ts';
import type { Service } from '../process/service.ts';
import { BACKUP_DIRECTORY, DATABASE_FILE, type StorageView } from '../protocol/database.ts';
import { TaskbellError } from '../protocol/errors.ts';
import { explain } from '../sqlite/file-identity.ts';
import { Backups } from './backups.ts';
import { DatabaseWork } from './database-work.ts';
import { DiskGuard } from './disk-guard.ts';
import { UncleanStop } from './unclean-stop.ts';

export interface StorageSideParts {
  readonly settings: Pick<Settings, 'daemon' | 'backup'>;
  readonly run: RunDatabaseTask;
  readonly log: Logger;
  readonly now: () => number;
  /** Something may be accepted and started again. */
  readonly onFree: () => void;
  /** The file is broken. */
  readonly onFatal: (error: unknown) => void;
}

const UNCLEAN_MARK = 'unclean';

interface Closable {
  close(): void;
}

export function openStorage(
  given: Omit<StorageSideParts, 'run' | 'now' | 'onFree'> & {
    readonly runDatabaseTask?: RunDatabaseTask | undefined;
  },
  onFree: () => void,
): StorageSide {
  const run = given.runDatabaseTask ?? runDatabaseTask;
  return new StorageSide({ ...given, run, now: Date.now, onFree });
}

export class StorageSide implements Service {
  readonly file: string;
  readonly #work: DatabaseWork;
  readonly #backups: Backups;
  readonly #unclean: UncleanStop;
  readonly guard: DiskGuard;

  constructor({ settings, run, log, now, onFree, onFatal }: StorageSideParts) {
    const { dataDirectory, diskReserve } = settings.daemon;
    this.file = path.join(dataDirectory, DATABASE_FILE);
    const file = this.file;
    this.#work = new DatabaseWork(run);
    const { perform } = this.#work;
    this.#backups = new Backups({
      ...{ settings: settings.backup, source: file, perform, log, now },
      directory: path.join(dataDirectory, BACKUP_DIRECTORY),
    });
    this.#unclean = new UncleanStop({
      ...{ mark: path.join(dataDirectory, UNCLEAN_MARK), file, perform, log },
      onDamage: onFatal,
    });
    this.guard = new DiskGuard({ dataDirectory, reserveBytes: diskReserve, log, onFree });
  }

  async start(): Promise<void> {
    this.#unclean.start();
    await this.guard.start();
    this.#backups.start();
  }

  async stop(): Promise<void> {
    // At once: a copy that is broken off by the stop has not failed.
    const backups = this.#backups.stop();
    await this.#work.stop();
    await backups;
    await this.#unclean.stop();
    await this.guard.stop();
  }

  /**
   * Does what a start writes; where that needs space that the disk does not have, once more in what is held back.
   * @param work all of it or nothing
   */
  begin<T>(work: (file: string) => T): T {
    try {
      return work(this.file);
    } catch (error) {
      const told = explain(error, this.file);
      const isFull = told instanceof TaskbellError && told.code === 'E_DISK_FULL';
      if (!isFull || !this.guard.noteFull()) throw told;
      return work(this.file);
    }
  }

  /** The last that is done with the database. */
  closing(db: Closable, commitLoop: Closable): Service {
    return {
      start: async () => undefined,
      stop: async () => {
        commitLoop.close();
        db.close();
        this.#unclean.noteClosed();
      },
    };
  }

  readonly service: DatabaseService = {
    view: () => this.view(),
    backup: (file, signal) => this.#backups.make(file, signal),
    check: (full, signal) =>
      this.#work.perform({ kind: 'check', file: this.file, full, lockFile: null }, { signal }),
  };

  /** Looks at sizes only: opening the file in this process would drop SQLite's locks. */
  view(): StorageView {
    const file = this.file;
    return {
      file,
      bytes: sizeOf(file),
      walBytes: sizeOf(`${file}-wal`),
      diskFreeBytes: freeBytes(path.dirname(file)),
      disk: this.guard.isFull ? 'full' : 'ok',
      reserveBytes: this.guard.heldBytes,
      check: this.#unclean.verdict,
      backup: this.#backups.status(),
      running: this.#work.running,
    };
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function freeBytes(directory: string): number | null {
  const { bavail, bsize, blocks } = statfsSync(directory);
  return blocks === 0 ? null : bavail * bsize;
}
