/** The event log in an array. A second implementation of the port, so that the contract is not one adapter's habit. */
import {
  type EndDetail,
  type EndRow,
  type EventLog,
  type LogRow,
  type NewRow,
  type PruneRequest,
  REPORT_CURSOR,
  type ReadRequest,
} from '../../src/log/event-log.ts';
import type { Commit } from '../../src/sqlite/commit.ts';
import type { MemoryState } from './memory-commit.ts';

interface Stored {
  readonly row: LogRow;
  readonly detail: EndDetail | undefined;
}

const NO_DETAIL: EndDetail = { userId: null, error: null };

export class MemoryEventLog implements EventLog, MemoryState {
  readonly epoch = 'memory';
  readonly #commit: Commit;
  readonly #listeners = new Set<(rows: readonly LogRow[]) => void>();
  /** Row n at n - 1. */
  readonly #rows: Stored[] = [];
  /** How many of the oldest are pruned. */
  #removed = 0;
  #cursors = new Map<string, string>();
  #announced = 0;

  constructor(commit: Commit) {
    this.#commit = commit;
  }

  save(): () => void {
    const { length } = this.#rows;
    const removed = this.#removed;
    const cursors = new Map(this.#cursors);
    return () => {
      this.#rows.length = length;
      this.#removed = removed;
      this.#cursors = cursors;
    };
  }

  committed(): void {
    const rows = this.#rows.slice(this.#announced).map(({ row }) => row);
    this.#announced = this.#rows.length;
    if (rows.length === 0) return;
    for (const listener of this.#listeners) listener(rows);
  }

  /** Appends inside running work. */
  write({ type, id, kind, data, detail }: NewRow, now: number): LogRow {
    const before = this.#rows.findLast(({ row }) => row.type === type && row.id === id);
    const prev = before === undefined || this.#isRemoved(before) ? null : before.row.seq;
    const seq = String(this.#rows.length + 1);
    const row: LogRow = { type, id, seq, prev, at: now, kind, data };
    this.#rows.push({ row, detail });
    return row;
  }

  append(rows: readonly NewRow[], now: number): Promise<readonly LogRow[]> {
    return this.#commit(() => rows.map((row) => this.write(row, now)));
  }

  async read({ after, limit, type, id }: ReadRequest): Promise<readonly LogRow[]> {
    return this.#after(after)
      .map(({ row }) => row)
      .filter((row) => type === undefined || row.type === type)
      .filter((row) => type === undefined || id === undefined || row.id === id)
      .slice(0, limit);
  }

  async readEnds(after: string, limit: number): Promise<readonly EndRow[]> {
    return this.#after(after)
      .filter(({ row }) => row.kind === 'end')
      .slice(0, limit)
      .map(({ row, detail }) => ({ ...row, detail: detail ?? NO_DETAIL }));
  }

  async countEnds(after: string): Promise<number> {
    return this.#after(after).filter(({ row }) => row.kind === 'end').length;
  }

  top(): string {
    return String(this.#rows.length);
  }

  oldest(): string {
    return this.#rows[this.#removed]?.row.seq ?? '0';
  }

  holds(position: string): boolean {
    const at = Number(position);
    return /^\d+$/.test(position) && at >= this.#removed && at <= this.#rows.length;
  }

  async cursor(name: string): Promise<string> {
    return this.#cursors.get(name) ?? '0';
  }

  moveCursor(name: string, to: string): Promise<void> {
    return this.#commit(() => {
      if (!/^\d+$/.test(to)) throw new RangeError(`no position: ${to}`);
      this.#cursors.set(name, to);
    });
  }

  prune({ before = 0, keep = Number.POSITIVE_INFINITY, limit }: PruneRequest): Promise<number> {
    return this.#commit(() => {
      const start = this.#removed;
      const positions = [...this.#cursors.values()].map(Number);
      const passed = Math.min(Number(this.#cursors.get(REPORT_CURSOR) ?? 0), ...positions);
      for (const { row } of this.#rows.slice(start, Math.min(passed, start + limit))) {
        const newer = this.#rows.length - Number(row.seq);
        if (row.at >= before && newer < keep) break;
        this.#removed += 1;
      }
      return this.#removed - start;
    });
  }

  onAppended(listener: (rows: readonly LogRow[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #after(position: string): readonly Stored[] {
    if (!/^\d+$/.test(position)) return [];
    return this.#rows.slice(Math.max(Number(position), this.#removed));
  }

  #isRemoved({ row }: Stored): boolean {
    return Number(row.seq) <= this.#removed;
  }
}
