/**
 * A child's question to its supervisor for a reload of the configuration: asked, and answered some time later, in the
 * order of the questions.
 *
 * Reads no configuration itself.
 */
import { TaskbellError } from '../protocol/errors.ts';
import type { ReloadView } from '../protocol/reload.ts';
import type { ToChild } from '../protocol/supervision.ts';

type Answer = Extract<ToChild<never>, { kind: 'reloaded' | 'reload-refused' }>;

interface Waiting {
  readonly resolve: (view: ReloadView) => void;
  readonly reject: (error: TaskbellError) => void;
}

export class ReloadRequest {
  readonly #ask: () => void;
  readonly #waiting: Waiting[] = [];

  /** @param ask sends the question */
  constructor(ask: () => void) {
    this.#ask = ask;
  }

  /** Rejects with what is wrong with the configuration, or with what kept it from being taken. */
  ask(): Promise<ReloadView> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#ask();
    });
  }

  answer(answer: Answer): void {
    const first = this.#waiting.shift();
    if (answer.kind === 'reloaded') first?.resolve(answer.view);
    else {
      const { code, message, hint } = answer;
      first?.reject(new TaskbellError(code, message, hint === undefined ? {} : { hint }));
    }
  }
}
