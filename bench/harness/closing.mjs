/**
 * What must be ended however this process ends: newest first, each once, also on Ctrl-C, on
 * SIGTERM, on an error that nobody caught, and when the parent is gone.
 */
import { setTimeout as delay } from 'node:timers/promises';

const PATIENCE_MS = 60_000;

const closers = [];
let closing;
let isStopped = false;

/**
 * @param {() => Promise<unknown> | unknown} close ends what was just started
 * @param patienceMs how long that may take before the next one's turn
 */
export function onClose(close, patienceMs = PATIENCE_MS) {
  closers.push({ close, patienceMs });
}

export function closeAll() {
  closing ??= closeEach().finally(() => {
    closing = undefined;
  });
  return closing;
}

/** Throws once this process was told to end: nothing more may be started. */
export function throwIfStopped() {
  if (isStopped) throw new Error('Stopped.');
}

async function closeEach() {
  for (let next = closers.pop(); next !== undefined; next = closers.pop()) {
    try {
      await within(next.patienceMs, next.close());
    } catch (error) {
      // The rest must be ended all the same.
      console.error(`bench: ${error.message}`);
    }
  }
}

async function within(ms, work) {
  const patience = new AbortController();
  const late = delay(ms, undefined, { signal: patience.signal }).catch(() => undefined);
  await Promise.race([work, late]);
  patience.abort();
}

/** Once a process, before anything is started. */
export function closeOnSignals() {
  const end = (code) => {
    isStopped = true;
    void closeAll().finally(() => process.exit(code));
  };
  process.once('SIGINT', () => end(130));
  process.once('SIGTERM', () => end(143));
  if (process.send !== undefined) process.once('disconnect', () => end(process.exitCode ?? 1));
  // Servers and workers would outlive a process that simply dies of it.
  process.on('uncaughtException', (error) => {
    console.error(`bench: ${error.stack}`);
    end(1);
  });
}
