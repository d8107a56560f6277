/**
 * The log file of a service: written to at its end, and put aside when it has grown: FILE, FILE.1, FILE.2 …
 *
 * Two services may share one file, and others may move it away (logrotate): who finds another file under
 * the name, or none, opens that. Refuses to lose a line to a rotation that fails: it writes on where it was.
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { TaskbellError } from '../protocol/errors.ts';
import { type LogTarget, writeWhatFits } from './log-target.ts';

export interface LogFilePlan {
  readonly file: string;
  /** A file that would grow beyond it is put aside. */
  readonly maxBytes: number;
  /** How many that were put aside are kept. */
  readonly kept: number;
}

/** How often a look at the name costs a system call. */
const LOOK_EVERY_MS = 1_000;
const FILE_MODE = 0o640;

export class LogFile implements LogTarget {
  readonly #plan: LogFilePlan;
  readonly #nowMono: () => number;
  #descriptor: number;
  #bytes = 0;
  #isRegular = true;
  #lookedMono = 0;

  /** @throws TaskbellError E_CANNOT_CREATE */
  constructor(plan: LogFilePlan, nowMono: () => number = () => performance.now()) {
    this.#plan = plan;
    this.#nowMono = nowMono;
    this.#descriptor = openAtEnd(plan.file);
    this.#measure();
  }

  write(bytes: Uint8Array): number {
    if (this.#isRegular) this.#makeRoom(bytes.length);
    const taken = writeWhatFits(this.#descriptor, bytes);
    this.#bytes += taken;
    return taken;
  }

  /**
   * Opens the file under its name anew; the former one is closed.
   * @throws TaskbellError E_CANNOT_CREATE; it then goes on with the former one
   */
  reopen(): void {
    const former = this.#descriptor;
    this.#descriptor = openAtEnd(this.#plan.file);
    this.#measure();
    closeSync(former);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #makeRoom(coming: number): void {
    const nowMono = this.#nowMono();
    const isFull = this.#bytes > 0 && this.#bytes + coming > this.#plan.maxBytes;
    if (!isFull && nowMono - this.#lookedMono < LOOK_EVERY_MS) return;
    try {
      if (!this.#hasItsName()) this.reopen();
      // The other service's lines count as well.
      this.#measure();
      if (this.#bytes > 0 && this.#bytes + coming > this.#plan.maxBytes) this.#putAside();
    } catch {
      // The directory is read-only or gone, or the disk is full: the present file goes on, and it is tried
      // again when as much has been written once more.
      this.#bytes = 0;
      this.#lookedMono = nowMono;
    }
  }

  #putAside(): void {
    const { file, kept } = this.#plan;
    if (kept === 0) rmSync(file, { force: true });
    for (let n = kept; n > 0; n -= 1)
      renameIfThere(n === 1 ? file : `${file}.${n - 1}`, `${file}.${n}`);
    this.reopen();
  }

  #hasItsName(): boolean {
    const named = statSync(this.#plan.file, { throwIfNoEntry: false });
    return named !== undefined && isSame(named, fstatSync(this.#descriptor));
  }

  #measure(): void {
    const stats = fstatSync(this.#descriptor);
    this.#bytes = stats.size;
    this.#isRegular = stats.isFile();
    this.#lookedMono = this.#nowMono();
  }
}

function openAtEnd(file: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK, O_NOCTTY } = constants;
  try {
    // A pipe that nobody reads must not hold up the start.
    return openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY, FILE_MODE);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new TaskbellError('E_CANNOT_CREATE', `The log file ${file} cannot be opened (${code}).`, {
      hint: 'Make its directory and let the user of the service write there, or change [daemon] logFile.',
      cause,
    });
  }
}

function isSame(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
