/**
 * One gateway, as its follow stream lets the core see it: questions that it answers, and what it is told.
 *
 * A question that is not answered in time, or whose gateway goes, is answered with nothing: whoever asked says so.
 */
import { setMaxListeners } from 'node:events';
import type {
  FromGateway,
  GatewayQuestions,
  QuestionKind,
  ToGateway,
} from '../protocol/gateways.ts';

export interface GatewayHello {
  readonly name: string;
  readonly pid: number | null;
  /** Pid of the process whose place it took. */
  readonly predecessor?: number | null;
}

export type Answer<K extends QuestionKind> = GatewayQuestions[K]['answer'];

export class GatewayLink {
  readonly name: string;
  readonly pid: number | null;
  readonly predecessor: number | null;
  readonly #send: (text: string) => void;
  readonly #waiting = new Map<number, (answer: FromGateway & { action: 'answer' }) => void>();
  readonly #gone = new AbortController();
  #asked = 0;
  #position: () => string | undefined = () => undefined;

  constructor({ name, pid, predecessor = null }: GatewayHello, send: (text: string) => void) {
    this.name = name;
    this.pid = pid;
    this.predecessor = predecessor;
    this.#send = send;
    // Each question that waits listens to it.
    setMaxListeners(0, this.#gone.signal);
  }

  /** Up to where the log was handed to it; undefined before it began to follow. */
  get position(): string | undefined {
    return this.#position();
  }

  follows(position: () => string | undefined): void {
    this.#position = position;
  }

  tell(message: ToGateway): void {
    this.#send(JSON.stringify(message));
  }

  /** Never rejects. Undefined: no answer came. */
  ask<K extends QuestionKind>(
    kind: K,
    question: GatewayQuestions[K]['ask'],
    withinMs: number,
  ): Promise<Answer<K> | undefined> {
    if (this.#gone.signal.aborted) return Promise.resolve(undefined);
    this.#asked += 1;
    const ask = this.#asked;
    return new Promise((resolve) => {
      const finish = (answer: Answer<K> | undefined): void => {
        clearTimeout(timer);
        this.#gone.signal.removeEventListener('abort', giveUp);
        this.#waiting.delete(ask);
        resolve(answer);
      };
      const giveUp = (): void => finish(undefined);
      const timer = setTimeout(giveUp, withinMs);
      this.#gone.signal.addEventListener('abort', giveUp);
      this.#waiting.set(ask, ({ answer }) => finish(answer as Answer<K>));
      this.tell({ action: 'ask', ask, kind, question });
    });
  }

  /** An answer that nobody waits for any more is dropped. */
  answered(message: FromGateway & { action: 'answer' }): void {
    this.#waiting.get(message.ask)?.(message);
  }

  close(): void {
    this.#gone.abort();
  }
}
