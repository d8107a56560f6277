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

interface ScreenEvents {
  readonly onKeys: (keys: string) => void;
  readonly onResize: () => void;
}

const USUAL: Size = { columns: 80, rows: 24 };

export class Screen {
  readonly #stdin: Readable & Keyboard;
  readonly #stdout: Writable & Terminal;
  #forget: (() => void) | undefined;

  constructor(stdin: Readable, stdout: Writable) {
    this.#stdin = stdin;
    this.#stdout = stdout;
  }

  /** @param events `onKeys` gets one key, or several that were typed at once */
  enter({ onKeys, onResize }: ScreenEvents): void {
    const stdin = this.#stdin;
    const stdout = this.#stdout;
    // Its terminal is gone: nobody looks any more.
    const gone = (): void => onKeys('q');
    stdin.setRawMode?.(true);
    stdin.setEncoding('utf8');
    stdin.on('data', onKeys).on('end', gone).on('error', gone).resume();
    stdout.on('resize', onResize);
    stdout.write(ENTER);
    this.#forget = () => {
      stdin.off('data', onKeys).off('end', gone).off('error', gone).pause();
      stdout.off('resize', onResize);
    };
  }

  get size(): Size {
    const { columns, rows } = this.#stdout;
    return { columns: columns || USUAL.columns, rows: rows || USUAL.rows };
  }

  /** One write for all lines, so that nobody sees half of them. */
  draw(lines: readonly string[]): void {
    if (this.#forget === undefined) return;
    const text = lines.map((line) => `${line}${CLEAR_LINE}`).join('\r\n');
    this.#stdout.write(`${HOME}${text}${CLEAR_BELOW}`);
  }

  leave(): void {
    if (this.#forget === undefined) return;
    this.#forget();
    this.#forget = undefined;
    this.#stdin.setRawMode?.(false);
    this.#stdout.write(LEAVE);
  }
}
