/**
 * What this executor has to tell the core: gathered over one turn of the event loop, sent as few
 * messages, and outcomes kept until the core has confirmed them.
 *
 *   outcome: waiting → sent → confirmed     (back to waiting when the connection is lost)
 *
 * It never decides what an outcome is, and opens no connection.
 */
import { ChurningMap } from '../process/churning-map.ts';
import type { Fence, ProcessIdentity } from '../protocol/execute.ts';
import type { JobLogLine, JobProgress } from '../protocol/jobs.ts';

/** Characters of one message; far below the 100 MiB that `ws` accepts by default. */
const MAX_MESSAGE_LENGTH = 4 * 1024 * 1024;
/** Log lines kept while the core is away. */
const MAX_WAITING_LINES = 10_000;

interface HeldOutcome extends Fence {
  readonly text: string;
}

export type SendText = (text: string, written?: () => void) => void;

/** Nearly every attempt is the first one of its job: that needs no text of its own. No id begins with a NUL. */
export function fenceKey({ id, attempt }: Fence): string {
  return attempt === 1 ? id : `\0${attempt}/${id}`;
}

export class Outbox {
  #send: SendText | null = null;
  #flushing: NodeJS.Immediate | null = null;
  readonly #outcomes = new ChurningMap<string, HeldOutcome>();
  /** Those of them that are not sent on this connection, in their order. */
  #waiting: HeldOutcome[] = [];
  readonly #spawned = new Map<string, { readonly text: string; sent: boolean }>();
  readonly #progress = new ChurningMap<string, string>();
  #lines: string[] = [];
  #answers: string[] = [];
  #droppedLines = 0;
  #waiters: (() => void)[] = [];

  /** Log lines that were lost since the last call because the core was away for too long. */
  takeDroppedLines(): number {
    const dropped = this.#droppedLines;
    this.#droppedLines = 0;
    return dropped;
  }

  /** @param text an `Outcome` as JSON */
  ended({ id, attempt }: Fence, text: string, key = fenceKey({ id, attempt })): void {
    if (this.#spawned.size > 0) this.#spawned.delete(key);
    // Nothing else of the assignment is kept: its payload may be large.
    const held = { id, attempt, text };
    this.#outcomes.set(key, held);
    this.#waiting.push(held);
    this.#schedule();
  }

  /** Drops what is known about an attempt that the core does not want. */
  discard(fence: Fence): void {
    const key = fenceKey(fence);
    this.#spawned.delete(key);
    this.#progress.delete(key);
    this.#waiting = this.#waiting.filter((held) => fenceKey(held) !== key);
    this.#release(key);
  }

  progress(fence: Fence, value: JobProgress): void {
    const { id, attempt } = fence;
    this.#progress.set(fenceKey(fence), JSON.stringify({ id, attempt, value }));
    this.#schedule();
  }

  log(fence: Fence, line: { level: JobLogLine['level']; line: string; at: number }): void {
    if (this.#send === null && this.#lines.length >= MAX_WAITING_LINES) {
      this.#droppedLines += 1;
      return;
    }
    this.#lines.push(JSON.stringify({ id: fence.id, attempt: fence.attempt, ...line }));
    this.#schedule();
  }

  /** Told again after each reconnect until the attempt ends: a new core has to know whom to reap. */
  spawned(fence: Fence, group: ProcessIdentity): void {
    const { id, attempt } = fence;
    const text = JSON.stringify({ kind: 'spawned', id, attempt, group });
    this.#spawned.set(fenceKey(fence), { text, sent: false });
    this.#schedule();
  }

  validated(rid: number, problem: string | null): void {
    this.#answers.push(JSON.stringify({ kind: 'validated', rid, problem }));
    this.#schedule();
  }

  confirmed(fences: readonly Fence[]): void {
    for (const fence of fences) this.#release(fenceKey(fence));
  }

  /** @param key of a fence, see `fenceKey` */
  has(key: string): boolean {
    return this.#outcomes.has(key);
  }

  /** Attempts whose outcome is not confirmed. */
  unconfirmed(): readonly Fence[] {
    return [...this.#outcomes.values()].map(({ id, attempt }) => ({ id, attempt }));
  }

  /** Resolves once no outcome waits for its confirmation. */
  async whenConfirmed(): Promise<void> {
    if (this.#outcomes.size === 0) return;
    await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** The core is there: everything unconfirmed goes out, again if need be. */
  open(send: SendText): void {
    this.#send = send;
    this.flush();
  }

  shut(): void {
    this.#send = null;
    // An answer belongs to the connection that asked.
    this.#answers = [];
    this.#waiting = [...this.#outcomes.values()];
    for (const held of this.#spawned.values()) held.sent = false;
  }

  /** Sends now what is waiting. Log lines and progress go before the outcome that they belong to. */
  flush(): void {
    if (this.#flushing !== null) clearImmediate(this.#flushing);
    this.#flushing = null;
    const send = this.#send;
    if (send === null) return;
    for (const held of unsent(this.#spawned)) send(held.text);
    for (const text of this.#answers) send(text);
    sendList(send, ['{"kind":"log","lines":[', this.#lines]);
    sendList(send, ['{"kind":"progress","progress":[', [...this.#progress.values()]]);
    const outcomes = this.#waiting.map((held) => held.text);
    sendList(send, ['{"kind":"ended","outcomes":[', outcomes]);
    this.#answers = [];
    this.#lines = [];
    this.#waiting = [];
    this.#progress.clear();
  }

  #release(key: string): void {
    this.#outcomes.delete(key);
    if (this.#outcomes.size > 0 || this.#waiters.length === 0) return;
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  #schedule(): void {
    if (this.#send === null || this.#flushing !== null) return;
    this.#flushing = setImmediate(() => this.flush());
  }
}

function unsent<T extends { sent: boolean }>(held: ReadonlyMap<string, T>): readonly T[] {
  const found = [...held.values()].filter((entry) => !entry.sent);
  for (const entry of found) entry.sent = true;
  return found;
}

function sendList(send: SendText, [head, items]: readonly [string, readonly string[]]): void {
  let batch: string[] = [];
  let length = 0;
  for (const item of items) {
    if (length + item.length > MAX_MESSAGE_LENGTH && batch.length > 0) {
      send(`${head}${batch.join(',')}]}`);
      batch = [];
      length = 0;
    }
    batch.push(item);
    length += item.length;
  }
  if (batch.length > 0) send(`${head}${batch.join(',')}]}`);
}
