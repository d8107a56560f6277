/** When the oldest rows of the log go, a few at a time; what a cursor has not passed stays. */
import type { EventLog } from '../log/event-log.ts';
import {
  grainMs,
  type RetentionBounds,
  type RetentionPlan,
  type RetentionTools,
} from './retention-plan.ts';

const ROWS_AT_ONCE = 500;
/** New rows are counted at most so often. */
const COUNT_EVERY_MS = 1_000;
/** A cursor stands still, because a receiver is away, and the oldest row is due. */
const BLOCKED_MS = 60_000;

export interface EventRetentionParts extends RetentionTools {
  readonly log: Pick<EventLog, 'prune' | 'oldest' | 'read'>;
  readonly bounds: RetentionBounds;
  /** Moves on the cursor of reports that nobody is to hear; undefined where somebody is. */
  readonly skipReports: (() => Promise<void>) | undefined;
}

export class EventRetention implements RetentionPlan {
  readonly #parts: EventRetentionParts;
  dueAt: number;

  constructor(parts: EventRetentionParts) {
    this.#parts = parts;
    const { ageMs, count } = parts.bounds;
    this.dueAt = ageMs > 0 || count > 0 ? parts.now() : Number.POSITIVE_INFINITY;
  }

  noteAppended(now: number): void {
    const { ageMs, count } = this.#parts.bounds;
    if (count > 0) this.#expect(now + COUNT_EVERY_MS);
    if (ageMs > 0) this.#expect(now + ageMs);
  }

  postpone(until: number): void {
    this.dueAt = until;
  }

  async run(): Promise<void> {
    const { bounds, now, skipReports } = this.#parts;
    const { ageMs, count } = bounds;
    const at = now();
    this.dueAt = Number.POSITIVE_INFINITY;
    await skipReports?.();
    await this.#prune({
      ...(ageMs > 0 ? { before: at - ageMs + 1 } : {}),
      ...(count > 0 ? { keep: count } : {}),
    });
    if (ageMs === 0) return;
    const oldest = await this.#oldestAt();
    if (oldest === null) return;
    const due = oldest + ageMs;
    this.#expect(due <= at ? at + BLOCKED_MS : Math.max(due, at + grainMs(ageMs)));
  }

  async #prune(bounds: { readonly before?: number; readonly keep?: number }): Promise<void> {
    const { log, slice, nowMono, rest } = this.#parts;
    for (;;) {
      const startedMono = nowMono();
      const removed = await log.prune({ ...bounds, limit: ROWS_AT_ONCE, slice });
      if (removed === 0) return;
      await rest(nowMono() - startedMono);
    }
  }

  async #oldestAt(): Promise<number | null> {
    const { log } = this.#parts;
    const oldest = log.oldest();
    if (oldest === '0') return null;
    const [row] = await log.read({ after: String(Number(oldest) - 1), limit: 1 });
    return row?.at ?? null;
  }

  #expect(at: number): void {
    this.dueAt = Math.min(this.dueAt, at);
  }
}
