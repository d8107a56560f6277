/** The database file of a daemon: a backup and a check while it works, and how the file stands. */
import { setTimeout as delay } from 'node:timers/promises';
import type {
  BackupDone,
  DatabaseCheck,
  DatabaseProgress,
  StorageView,
} from '../protocol/database.ts';
import type { ControlHttp } from './control-http.ts';

interface WorkOptions {
  /** Ends it: nothing has changed then. */
  readonly signal?: AbortSignal | undefined;
  /** Asked for about twice a second, where it is wanted. */
  readonly onProgress?: ((progress: DatabaseProgress) => void) | undefined;
}

export interface BackupOptions extends WorkOptions {
  /** Absolute, on the machine of the daemon; omitted: in its directory of backups. */
  readonly file?: string | undefined;
}

export interface CheckOptions extends WorkOptions {
  /** Compares indexes with their tables as well. */
  readonly full?: boolean | undefined;
}

const LOOK_EVERY_MS = 400;

export class DatabaseClient {
  readonly #http: ControlHttp;

  constructor(http: ControlHttp) {
    this.#http = http;
  }

  async view(): Promise<StorageView> {
    return (await this.#http.call({ method: 'GET', path: '/v1/db' })) as StorageView;
  }

  /** Resolves when the copy is verified and on disk under its name. */
  async backup({ file, ...options }: BackupOptions = {}): Promise<BackupDone> {
    const body = file === undefined ? {} : { file };
    return (await this.#work('/v1/db/backup', body, options)) as BackupDone;
  }

  async check({ full = false, ...options }: CheckOptions = {}): Promise<DatabaseCheck> {
    return (await this.#work('/v1/db/check', { full }, options)) as DatabaseCheck;
  }

  async #work(path: string, body: object, { signal, onProgress }: WorkOptions): Promise<unknown> {
    const ended = new AbortController();
    // Gigabytes take their time.
    const call = {
      method: 'POST',
      path,
      body: JSON.stringify(body),
      signal,
      timeoutMs: 0,
    } as const;
    const watching = onProgress && this.#watch(onProgress, ended.signal);
    try {
      return await this.#http.call(call);
    } finally {
      ended.abort();
      await watching;
    }
  }

  async #watch(
    onProgress: (progress: DatabaseProgress) => void,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      while (!signal.aborted) {
        await delay(LOOK_EVERY_MS, undefined, { signal });
        const { running } = await this.view();
        if (running !== null && !signal.aborted) onProgress(running.progress);
      }
    } catch {
      // The work itself says what went wrong; that nobody saw its progress does not matter.
    }
  }
}
