/**
 * A thread that sees when the event loop of its process stands still, finds out where, and tells the supervisor through
 * a pipe of its own.
 *
 *   asking ─ no answer ─▶ stalled ─▶ wait until it turns again ─▶ turning ─▶ asking …
 *
 * It ends nothing and judges nobody. A stack needs V8 to reach a point where it may be interrupted: a loop and
 * a regular expression do, a blocking call of the system does not.
 */
import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { LOOP_REPORT_DESCRIPTOR, type LoopReport } from './loop-report.ts';
import { CELLS, type LoopWatchData } from './loop-watch.ts';
import { mainStack } from './main-stack.ts';

/** One wake of an idle process in so long. */
const ASK_EVERY_MS = 6_000;
/** Longer than any turn of the loop that is worth having; with the pause before and the look told within 15 s. */
const STALLED_AFTER_MS = 4_000;
/** A process that was stopped as a whole, or found no processor, has not answered either: it gets another chance. */
const SECOND_CHANCE_MS = 1_000;
const STACK_WITHIN_MS = 3_000;
/** On a machine that is too busy for the first look: a place that comes late is better than none. */
const LATE_STACK_WITHIN_MS = 15_000;

const { memory } = workerData as LoopWatchData;
const cells = new Int32Array(memory);
let questions = 0;

for (;;) {
  pause(ASK_EVERY_MS);
  const askedMono = performance.now();
  await ask();
  if (isAnsweredWithin(STALLED_AFTER_MS) || isAnsweredWithin(SECOND_CHANCE_MS)) continue;
  const stack = await mainStack(STACK_WITHIN_MS);
  tell({ kind: 'stalled', stalledMs: since(askedMono), stack });
  const late = stack === '' ? await mainStack(LATE_STACK_WITHIN_MS) : '';
  // Where it turns again, that is another place.
  if (late !== '' && !isAnsweredWithin(0))
    tell({ kind: 'stalled', stalledMs: since(askedMono), stack: late });
  // For as long as it takes: the process may well be ended meanwhile.
  Atomics.wait(cells, CELLS.answered, questions - 1);
  tell({ kind: 'turning', stalledMs: since(askedMono) });
}

/** Without a timer, so that nothing of this thread turns meanwhile: nobody wakes it. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

async function ask(): Promise<void> {
  questions += 1;
  parentPort?.postMessage(questions);
  // Posting is done by this thread's own loop.
  await new Promise((resolve) => setImmediate(resolve));
}

function isAnsweredWithin(ms: number): boolean {
  return Atomics.wait(cells, CELLS.answered, questions - 1, ms) !== 'timed-out';
}

function since(mono: number): number {
  return Math.round(performance.now() - mono);
}

function tell(report: LoopReport): void {
  try {
    writeSync(LOOP_REPORT_DESCRIPTOR, `${JSON.stringify(report)}\n`);
  } catch {
    // The supervisor is gone, and this process ends for that reason.
  }
}
