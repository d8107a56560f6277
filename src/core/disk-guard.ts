/**
 * What a full disk means: nothing new is accepted or started, and what runs can end in the space that was held back.
 *
 *   ok ── a commit finds no space, or none can be held back ──▶ full ── space for the reserve again ──▶ ok
 *
 * Asks the file system only while it is full.
 */
import { statfsSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from '../process/logger.ts';
import type { Service } from '../process/service.ts';
import { TaskbellError } from '../protocol/errors.ts';
import { DiskReserve } from './disk-reserve.ts';

const LOOK_AGAIN_MS = 2_000;
/** Free beside the reserve, so that it does not fill the disk by itself. */
const MARGIN = 1.25;

export interface DiskGuardParts {
  readonly dataDirectory: string;
  /** 0: nothing is held back, and each commit finds out by itself. */
  readonly reserveBytes: number;
  readonly log: Logger;
  /** There is space again. */
  readonly onFree: () => void;
  readonly lookAgainMs?: number;
}

export const RESERVE_FILE = 'disk-reserve';

export class DiskGuard implements Service {
  readonly #parts: DiskGuardParts;
  readonly #reserve: DiskReserve;
  #isFull = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;
  #holding: Promise<void> | undefined;

  constructor(parts: DiskGuardParts) {
    this.#parts = parts;
    this.#reserve = new DiskReserve(
      path.join(parts.dataDirectory, RESERVE_FILE),
      parts.reserveBytes,
    );
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  get heldBytes(): number {
    return this.#reserve.isHeld() ? this.#reserve.bytes : 0;
  }

  /** Does not wait for the reserve: the service is ready before. */
  async start(): Promise<void> {
    if (this.#reserve.bytes === 0) this.#reserve.release();
    // Given up while the database was opened: it is held again when there is space.
    else if (!this.#isFull && !this.#reserve.isHeld()) this.#holdSoon();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#holding;
  }

  /** A commit found no space. @returns whether it may find some now */
  noteFull(): boolean {
    if (this.#reserve.bytes === 0) return false;
    const released = this.#reserve.release();
    this.#becomeFull();
    return released;
  }

  /** For what would be new. @throws TaskbellError E_DISK_FULL */
  readonly refuseWhenFull = (): void => {
    if (!this.#isFull) return;
    throw new TaskbellError('E_DISK_FULL', 'The disk that holds the data directory is full.', {
      hint: 'Free some space: what was accepted is safe, jobs that run can end, and new ones are taken by themselves when there is space again.',
    });
  };

  #becomeFull(): void {
    if (this.#stopped) return;
    if (!this.#isFull) {
      const { dataDirectory } = this.#parts;
      this.#parts.log.error(
        { dataDirectory },
        'the disk is full: nothing new is accepted until there is space',
      );
    }
    this.#isFull = true;
    this.#lookLater();
  }

  #lookLater(): void {
    const { lookAgainMs = LOOK_AGAIN_MS } = this.#parts;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), lookAgainMs);
  }

  #look(): void {
    if (this.#hasSpace()) this.#holdSoon();
    else this.#lookLater();
  }

  #hasSpace(): boolean {
    const { bavail, bsize, blocks } = statfsSync(this.#parts.dataDirectory);
    // Some file systems tell nothing of their size: then only writing tells.
    return blocks === 0 || bavail * bsize >= this.#reserve.bytes * MARGIN;
  }

  #holdSoon(): void {
    this.#holding ??= this.#hold().finally(() => {
      this.#holding = undefined;
    });
  }

  async #hold(): Promise<void> {
    const { log, onFree } = this.#parts;
    let held = true;
    try {
      held = await this.#reserve.hold();
    } catch (err) {
      // Not for want of space: the service does without, as with diskReserve = 0.
      log.warn({ err }, 'no space can be held back for a full disk');
    }
    if (this.#stopped) return;
    if (!held) {
      this.#becomeFull();
      return;
    }
    if (!this.#isFull) return;
    this.#isFull = false;
    log.info('there is space on the disk again');
    onFree();
  }
}
