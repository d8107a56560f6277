/**
 * Notices that a file of the handlers directory has changed and calls for fresh executors, once things
 * are calm: an editor or a deployment writes many files in a row.
 *
 *   idle ─change▶ settling ─calm▶ busy ─done▶ idle
 *                    ▲              └─ changed meanwhile ─▶ settling
 *
 * Reads no handler and loads none. The files directly in the directory are watched, not what they import
 * from elsewhere.
 */
import { type FSWatcher, watch } from 'node:fs';
import path from 'node:path';
import type { Logger } from '../process/logger.ts';

export interface HandlerWatchOptions {
  readonly directory: string;
  /** Never rejects. */
  readonly onChange: () => Promise<void>;
  readonly log: Logger;
  readonly calmMs?: number;
}

const CALM_MS = 300;
const CODE = new Set(['.js', '.mjs', '.cjs', '.ts', '.json']);

/** True for what a handler may be made of; handlers may also write their own files there. Pure. */
export function mayMatter(fileName: string | null): boolean {
  if (fileName === null) return true;
  return !fileName.startsWith('.') && CODE.has(path.extname(fileName));
}

export class HandlerWatch {
  readonly #options: HandlerWatchOptions;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #busy = false;
  #again = false;
  #stopped = false;

  constructor(options: HandlerWatchOptions) {
    this.#options = options;
  }

  start(): void {
    const { directory, log } = this.#options;
    try {
      this.#watcher = watch(directory, (_event, name) => this.note(name));
      this.#watcher.on('error', (err) => log.warn({ err, directory }, UNWATCHED));
    } catch (err) {
      // Executors run without it; only the convenience is gone.
      log.warn({ err, directory }, UNWATCHED);
    }
  }

  /** @param name of the file that changed; null where the system does not tell */
  note(name: string | null): void {
    if (this.#stopped || !mayMatter(name)) return;
    this.#again = true;
    clearTimeout(this.#timer);
    if (!this.#busy) {
      this.#timer = setTimeout(() => void this.#act(), this.#options.calmMs ?? CALM_MS);
    }
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
  }

  async #act(): Promise<void> {
    this.#busy = true;
    this.#again = false;
    await this.#options.onChange();
    this.#busy = false;
    if (this.#again) this.note(null);
  }
}

const UNWATCHED =
  'handlersDirectory is not watched: changed handlers need `taskbell worker restart`';
