/**
 * A child's question for the public port, which its supervisor listens on: asked, and answered some time later.
 *
 * Opens no port itself.
 */
import type { ListenPlace, ToChild } from '../protocol/supervision.ts';

type Answer = Extract<ToChild<never>, { kind: 'port' | 'port-refused' }>;

interface Waiting {
  readonly resolve: (place: ListenPlace) => void;
  readonly reject: (error: Error) => void;
}

export class PortRequest {
  readonly #ask: () => void;
  #waiting: Waiting[] = [];

  /** @param ask sends the question */
  constructor(ask: () => void) {
    this.#ask = ask;
  }

  /** Rejects with what the system said, its `code` included. */
  open(): Promise<ListenPlace> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#ask();
    });
  }

  answer(answer: Answer): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve, reject } of waiting) {
      if (answer.kind === 'port') resolve(answer.place);
      else reject(Object.assign(new Error(answer.message), { code: answer.code }));
    }
  }
}
