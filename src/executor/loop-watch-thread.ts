/**
 * A thread that sees when the event loop of its process stands still, finds out where, and tells the
 * core on a connection of its own: the executor's cannot be used then.
 *
 *   asking ─ no answer ─▶ report ─▶ wait until it turns again ─▶ over ─▶ asking …
 *
 * Asks once a second while attempts run, and seldom while none does: a timer that a job has left behind
 * can hold up the next one before it begins.
 *
 * It ends nothing and judges nobody. A stack needs V8 to reach a point where it may be interrupted: a
 * loop and a regular expression do, a blocking call of the system does not.
 */
import { connect } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { mainStack } from '../process/main-stack.ts';
import type { BlockedMessage } from '../protocol/execute.ts';
import { attemptInStack } from './attempt-name.ts';
import { CELLS, OVER, type ThreadData } from './loop-watch.ts';

const ASK_EVERY_MS = 1_000;
const ASK_EVERY_IDLE_MS = 9_000;
/** Longer than any turn of the loop that is worth having; with either pause told within 15 s. */
const BLOCKED_AFTER_MS = 5_000;
const REPORT_WITHIN_MS = 5_000;

const { memory, executor, controlSocket } = workerData as ThreadData;
const cells = new Int32Array(memory);
let questions = 0;

for (;;) {
  if (!(await loopTurns())) {
    await report();
    // For as long as it takes: the process may well be ended meanwhile.
    Atomics.wait(cells, CELLS.answered, questions - 1);
    // The report may have reached the core after all that the executor itself had to say.
    await post(OVER);
  }
  // Nobody wakes this one: a pause.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ASK_EVERY_MS);
  sleepWhileIdle();
}

/** Until an attempt starts, or for as long as a loop that stands still may go unseen. */
function sleepWhileIdle(): void {
  Atomics.store(cells, CELLS.asleep, 1);
  // What started between the two looks has not seen that anybody sleeps.
  const idle = Atomics.load(cells, CELLS.running) === 0;
  if (idle) Atomics.wait(cells, CELLS.asleep, 1, ASK_EVERY_IDLE_MS - ASK_EVERY_MS);
  Atomics.store(cells, CELLS.asleep, 0);
}

async function loopTurns(): Promise<boolean> {
  questions += 1;
  await post(questions);
  return Atomics.wait(cells, CELLS.answered, questions - 1, BLOCKED_AFTER_MS) !== 'timed-out';
}

async function post(message: number | typeof OVER): Promise<void> {
  parentPort?.postMessage(message);
  // Posting is done by this thread's own loop.
  await new Promise((resolve) => setImmediate(resolve));
}

async function report(): Promise<void> {
  const stack = await mainStack(REPORT_WITHIN_MS);
  const fence = attemptInStack(stack);
  const message = { kind: 'blocked', executor, blockedMs: BLOCKED_AFTER_MS, stack, fence } as const;
  await tell(message);
}

async function tell(message: BlockedMessage): Promise<void> {
  // Most threads never have anything to tell.
  const { WebSocket } = await import('ws');
  const socket = new WebSocket('ws://localhost/v1/execute', {
    createConnection: () => connect(controlSocket),
    perMessageDeflate: false,
    handshakeTimeout: REPORT_WITHIN_MS,
  });
  await new Promise<void>((resolve) => {
    socket.on('open', () => {
      socket.send(JSON.stringify(message), () => socket.close());
    });
    // Without a core there is nobody to tell, and nobody who could act on it.
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
  });
}
