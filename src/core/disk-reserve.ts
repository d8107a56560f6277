/**
 * A file that holds space back for the moment when the disk is full. Its bytes are written and random, so that file
 * systems that compress or leave holes give them up for real. Knows nothing of when it is needed.
 */
import { randomBytes } from 'node:crypto';
import { rmSync, statSync, truncateSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';

const CHUNK_BYTES = 1_048_576;
/** stat(2) counts blocks of 512 bytes. */
const BLOCK_BYTES = 512;

export class DiskReserve {
  readonly #file: string;
  readonly #bytes: number;
  #wanted = false;

  constructor(file: string, bytes: number) {
    this.#file = file;
    this.#bytes = bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the space is held already. */
  isHeld(): boolean {
    const found = statSync(this.#file, { throwIfNoEntry: false });
    if (found === undefined || found.size !== this.#bytes) return false;
    return found.blocks * BLOCK_BYTES >= this.#bytes * 0.9;
  }

  /** @returns false where there is no space for it, or it was released meanwhile; throws what else the system says */
  async hold(): Promise<boolean> {
    this.#wanted = true;
    if (this.isHeld()) return true;
    try {
      await this.#write();
    } catch (error) {
      await rm(this.#file, { force: true });
      if (isNoSpace(error)) return false;
      throw error;
    }
    if (!this.#wanted) await rm(this.#file, { force: true });
    return this.#wanted;
  }

  /** At once: somebody's commit waits for it. @returns whether anything was given back */
  release(): boolean {
    this.#wanted = false;
    const size = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
    if (size > 0) this.#empty();
    rmSync(this.#file, { force: true });
    return size > 0;
  }

  /** A name that is removed gives nothing back while the file is being written, or read by somebody. */
  #empty(): void {
    try {
      truncateSync(this.#file);
    } catch {
      // Being removed just now, or somebody else's: then the removal gives back what it can.
    }
  }

  async #write(): Promise<void> {
    const handle = await open(this.#file, 'w', 0o600);
    try {
      const chunk = randomBytes(Math.min(CHUNK_BYTES, this.#bytes));
      for (let left = this.#bytes; left > 0 && this.#wanted; left -= chunk.length) {
        await handle.writeFile(left < chunk.length ? chunk.subarray(0, left) : chunk);
      }
    } finally {
      await handle.close();
    }
  }
}

function isNoSpace(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
