/** Tells those who wait for it which executors come, go, and stay in spite of a request. Keeps nothing. */
import type { RemoteExecutor } from './remote-executor.ts';

export type ExecutorEvent =
  | { readonly kind: 'arrived'; readonly executor: RemoteExecutor }
  /** Its process is dead, and its attempts are returned. */
  | { readonly kind: 'gone'; readonly executor: RemoteExecutor }
  /** It was to be replaced and is not. */
  | { readonly kind: 'kept'; readonly executor: RemoteExecutor; readonly problem: string };

type Listener = (event: ExecutorEvent) => void;

export class ExecutorNews {
  readonly #listeners = new Set<Listener>();

  /** @returns ends it */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  tell(event: ExecutorEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}
