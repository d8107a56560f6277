/**
 * The one place where signals of the operating system, and errors that nobody caught, are listened to.
 *
 * The supervisor acts on them; its children ignore them, because Ctrl-C goes to the whole foreground
 * group and a service manager may signal every process of its unit, yet only the supervisor knows
 * the order in which to stop.
 */

export type StopSignal = 'SIGTERM' | 'SIGINT';

export interface SignalActions {
  readonly stop: (signal: StopSignal) => void;
  /** SIGHUP: the configuration is to be read anew. */
  readonly hangUp: () => void;
  /** SIGUSR2: log files are to be opened anew. */
  readonly reopenLogs: () => void;
}

/** @returns takes the listeners off again, which brings the system's default actions back */
export function listenForSignals(actions: SignalActions): () => void {
  process.on('SIGTERM', actions.stop);
  process.on('SIGINT', actions.stop);
  process.on('SIGHUP', actions.hangUp);
  process.on('SIGUSR2', actions.reopenLogs);
  return () => {
    process.off('SIGTERM', actions.stop);
    process.off('SIGINT', actions.stop);
    process.off('SIGHUP', actions.hangUp);
    process.off('SIGUSR2', actions.reopenLogs);
  };
}

export function ignoreSignals(): void {
  listenForSignals({ stop: () => {}, hangUp: () => {}, reopenLogs: () => {} });
}

/**
 * Errors that nobody caught, rejected promises included: an `uncaughtException` listener hears both
 * (https://nodejs.org/api/process.html#event-uncaughtexception).
 *
 * @returns takes the listener off again
 */
export function listenForFaults(onFault: (error: unknown) => void): () => void {
  process.on('uncaughtException', onFault);
  return () => {
    process.off('uncaughtException', onFault);
  };
}

/** Ctrl-C in a terminal reaches a program twice when its parent, such as npm, passes it on as well. */
const ECHO_MS = 50;

export interface StopRequest {
  readonly signal: StopSignal;
  readonly atMono: number;
}

/** False for the echo of a Ctrl-C; people and programs that insist take longer or send SIGTERM. */
export function isFurtherRequest(first: StopRequest, second: StopRequest): boolean {
  const sameKey = first.signal === 'SIGINT' && second.signal === 'SIGINT';
  return !sameKey || second.atMono - first.atMono >= ECHO_MS;
}

/**
 * For a command that waits: the first Ctrl-C or SIGTERM is heard, a further one has the system's own effect.
 *
 * @returns takes the listener off again
 */
export function listenForInterrupt(onInterrupt: (signal: StopSignal) => void): () => void {
  let first: StopRequest | undefined;
  const hear = (signal: StopSignal) => {
    const request = { signal, atMono: performance.now() };
    if (first === undefined) {
      first = request;
      onInterrupt(signal);
    } else if (isFurtherRequest(first, request)) {
      off();
      process.kill(process.pid, signal);
    }
  };
  const off = () => {
    process.off('SIGINT', hear);
    process.off('SIGTERM', hear);
  };
  process.on('SIGINT', hear);
  process.on('SIGTERM', hear);
  return off;
}
