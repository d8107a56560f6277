/**
 * The terminal while `top` has it: the alternate screen, keys as they are typed, and its size. What was there comes
 * back however the command ends; `leave` may be called twice.
 */
import type { Readable, Writable } from 'node:stream';
import type { Size } from './top-lines.ts';

const ESC = '\u001b[';
/** Alternate screen, cursor hidden; lines are cut instead of wrapped. */
const ENTER = `${ESC}?1049h${ESC}?25l${ESC}?7l`;
const LEAVE = `${ESC}?7h${ESC}?25h${ESC}?1049l`;
const HOME = `${ESC}H`;
const CLEAR_LINE = `${ESC}K`;
const CLEAR_BELOW = `${ESC}J`;

interface Terminal {
  readonly columns?: number;
  readonly rows?: number;
}

interface Keyboard {
  setRawMode?: (raw: boolean) => unknown;
}

const USUAL: Size = { columns: 80, rows: 24 };

export class Screen {
  readonly #stdin: Readable & Keyboard;
  readonly #stdout: Writable & Terminal;
  #entered = false;

  constructor(stdin: Readable, stdout: Writable) {
    this.#stdin = stdin;
    this.#stdout = stdout;
  }

  enter(events: { readonly onKey: (key: string) => void; readonly onResize: () => void }): void {
    this.#entered = true;
    this.#stdin.setRawMode?.(true);
    this.#stdin.setEncoding('utf8');
    this.#stdin.on('data', events.onKey);
    // Its terminal is gone: nobody looks any more.
    this.#stdin.once('end', () => events.onKey('q'));
    this.#stdin.resume();
    this.#stdout.on('resize', events.onResize);
    this.#stdout.write(ENTER);
  }

  get size(): Size {
    const { columns, rows } = this.#stdout;
    return { columns: columns || USUAL.columns, rows: rows || USUAL.rows };
  }

  /** One write for all lines, so that nobody sees half of them. */
  draw(lines: readonly string[]): void {
    if (!this.#entered) return;
    const text = lines.map((line) => `${line}${CLEAR_LINE}`).join('\r\n');
    this.#stdout.write(`${HOME}${text}${CLEAR_BELOW}`);
  }

  leave(): void {
    if (!this.#entered) return;
    this.#entered = false;
    this.#stdin.removeAllListeners('data');
    this.#stdin.pause();
    this.#stdin.setRawMode?.(false);
    this.#stdout.removeAllListeners('resize');
    this.#stdout.write(LEAVE);
  }
}
