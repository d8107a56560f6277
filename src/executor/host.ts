/**
 * What an executor touches of the process around it. Tests that run an executor inside their own
 * process put their own in.
 */
import type { Logger } from '../process/logger.ts';
import { type LoopWatch, startLoopWatch, type WatchFacts } from './loop-watch.ts';
import type { PrintedOutput } from './printed-output.ts';

export interface Host {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly exit: (code: number) => void;
  /** Calls back when an error that nobody caught is about to end the process. @returns takes it off */
  readonly onFault: (listener: () => void) => () => void;
  /** Calls back in the very last moment: synchronous work only. @returns takes it off */
  readonly onExit: (listener: () => void) => () => void;
  /** Has what this process prints go to `printed`. @returns gives it back */
  readonly capturePrints?: (printed: PrintedOutput) => () => void;
  /** Has a thread look whether the event loop still turns. `onOver`: a block that it told of is over. */
  readonly watchLoop?: (facts: WatchFacts, log: Logger, onOver: () => void) => LoopWatch;
}

export const REAL_HOST: Host = {
  // biome-ignore lint/style/noProcessEnv: commands inherit a few variables of the daemon's own
  environment: process.env,
  exit: (code) => process.exit(code),
  // The monitor only listens: what becomes of the process is decided where signals and faults are.
  onFault: (listener) => listen('uncaughtExceptionMonitor', listener),
  onExit: (listener) => listen('exit', listener),
  capturePrints: (printed) => printed.capture(),
  watchLoop: startLoopWatch,
};

function listen(event: 'uncaughtExceptionMonitor' | 'exit', listener: () => void): () => void {
  process.on(event, listener);
  return () => {
    process.off(event, listener);
  };
}
