/** Ctrl-C in a command that waits, or SIGTERM: what goes on without it, and the exit code. Pure. */
import type { StopSignal } from '../process/signals.ts';

/** 128 and the signal's number, as a shell tells it of a program that the signal ended. */
const EXIT_CODES: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

export class Interruption extends Error {
  override readonly name = 'Interruption';
  readonly #signal: StopSignal;

  /** @param goesOn what becomes of the work, and how to come back to it */
  constructor(signal: StopSignal, goesOn: string) {
    super(`interrupted: ${goesOn}`);
    this.#signal = signal;
  }

  get exitCode(): number {
    return EXIT_CODES[this.#signal];
  }

  /** The same, told by who knows more once the work has let go. */
  saying(goesOn: string): Interruption {
    return new Interruption(this.#signal, goesOn);
  }
}
