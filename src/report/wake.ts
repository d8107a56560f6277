/**
 * One sleeper, woken by name: a wait that ends when it is rung, when it is aborted or when its
 * time is over, and that leaves neither timer nor listener behind.
 *
 * A ring that nobody waits for is not kept: check the condition first, then wait.
 */
export class Wake {
  #end: ((how: WakeReason) => void) | null = null;

  ring(): void {
    this.#end?.('rung');
  }

  wait(signal: AbortSignal, timeoutMs?: number): Promise<WakeReason> {
    if (signal.aborted) return Promise.resolve('aborted');
    return new Promise((resolve) => {
      const onAbort = () => end('aborted');
      const timer =
        timeoutMs === undefined ? undefined : setTimeout(() => end('elapsed'), timeoutMs);
      const end = (how: WakeReason) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        this.#end = null;
        resolve(how);
      };
      signal.addEventListener('abort', onAbort);
      this.#end = end;
    });
  }
}

export type WakeReason = 'rung' | 'elapsed' | 'aborted';

/** Waits so long, or until aborted. */
export function sleep(ms: number, signal: AbortSignal): Promise<WakeReason> {
  return new Wake().wait(signal, ms);
}
