// @ts-check
/**
 * Counts, ten numbers a second, and stops at once when it is told to. Shows progress and cancel.
 *
 *   taskbell job add slow-count '{"to":100}'
 */
import { setTimeout as sleep } from 'node:timers/promises';

const STEP_MS = 100;

export default {
  /**
   * @param {{ to?: number } | null} payload
   * @param {import('taskbell').JobContext} context
   */
  async run(payload, { signal, progress, log }) {
    const to = payload?.to ?? 100;
    for (let count = 1; count <= to; count += 1) {
      await sleep(STEP_MS, undefined, { signal });
      progress({ done: count, total: to });
      if (count % 10 === 0) log(`counted to ${count}`);
    }
    return { counted: to };
  },
};
