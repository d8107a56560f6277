/** When the events of one type go that are kept shorter than the log, a few at a time. */
import type { EventLog, LogRow, PrunedType } from '../log/event-log.ts';
import {
  grainMs,
  type RetentionBounds,
  type RetentionPlan,
  type RetentionTools,
} from './retention-plan.ts';

const ROWS_AT_ONCE = 500;
/** New rows are counted at most so often. */
const COUNT_EVERY_MS = 1_000;

export interface TypeRetentionParts extends RetentionTools {
  readonly log: Pick<EventLog, 'pruneType'>;
  readonly type: string;
  readonly bounds: RetentionBounds;
}

export class TypeRetention implements RetentionPlan {
  readonly #parts: TypeRetentionParts;
  dueAt: number;

  constructor(parts: TypeRetentionParts) {
    this.#parts = parts;
    const { ageMs, count } = parts.bounds;
    this.dueAt = ageMs > 0 || count > 0 ? parts.now() : Number.POSITIVE_INFINITY;
  }

  noteAppended(rows: readonly LogRow[], now: number): void {
    const { type, bounds } = this.#parts;
    const { ageMs, count } = bounds;
    if (!rows.some((row) => row.type === type)) return;
    if (count > 0) this.#expect(now + COUNT_EVERY_MS);
    if (ageMs > 0) this.#expect(now + ageMs);
  }

  postpone(until: number): void {
    this.dueAt = until;
  }

  async run(): Promise<void> {
    const { bounds, now } = this.#parts;
    const { ageMs } = bounds;
    const at = now();
    this.dueAt = Number.POSITIVE_INFINITY;
    const { oldestAt } = await this.#prune(at);
    if (ageMs === 0 || oldestAt === null) return;
    this.#expect(Math.max(oldestAt + ageMs, at + grainMs(ageMs)));
  }

  async #prune(at: number): Promise<PrunedType> {
    const { log, type, bounds, slice, nowMono, rest } = this.#parts;
    const { ageMs, count } = bounds;
    for (;;) {
      const startedMono = nowMono();
      const step = await log.pruneType({
        ...{ type, limit: ROWS_AT_ONCE, slice },
        ...(ageMs > 0 ? { before: at - ageMs + 1 } : {}),
        ...(count > 0 ? { keep: count } : {}),
      });
      if (step.isDone) return step;
      await rest(nowMono() - startedMono);
    }
  }

  #expect(at: number): void {
    this.dueAt = Math.min(this.dueAt, at);
  }
}
