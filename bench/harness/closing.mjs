/**
 * What must be ended however this process ends: newest first, each once, also on Ctrl-C, on
 * SIGTERM, and when the parent is gone.
 */

const closers = [];
let closing;

/** @param {() => Promise<unknown> | unknown} close ends what was just started */
export function onClose(close) {
  closers.push(close);
}

export function closeAll() {
  closing ??= (async () => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
      try {
        await close();
      } catch (error) {
        // The rest must be ended all the same.
        console.error(`bench: ${error instanceof Error ? error.message : error}`);
      }
    }
  })().finally(() => {
    closing = undefined;
  });
  return closing;
}

/** Once a process, before anything is started. */
export function closeOnSignals() {
  const end = (code) => void closeAll().finally(() => process.exit(code));
  process.once('SIGINT', () => end(130));
  process.once('SIGTERM', () => end(143));
  if (process.send !== undefined) process.once('disconnect', () => end(process.exitCode ?? 1));
}
