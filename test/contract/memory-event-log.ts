/** The event log in an array. A second implementation of the port, so that the contract is not one adapter's habit. */
import {
  APPEND_GUARD_LIFETIME_MS,
  type AppendGuard,
  CLIENT_CURSOR_PREFIX,
  type EndDetail,
  type EndRow,
  type EventLog,
  type IsVolatile,
  isKept,
  type LiveRow,
  type LogRow,
  type NamedCursor,
  type NewRow,
  type PrunedType,
  type PruneRequest,
  type PruneTypeRequest,
  REPORT_CURSOR,
  type ReadRequest,
} from '../../src/log/event-log.ts';
import type { Topic } from '../../src/protocol/events.ts';
import { WITHOUT_END } from '../../src/protocol/slices.ts';
import type { Commit } from '../../src/sqlite/commit.ts';
import type { MemoryState } from './memory-commit.ts';

interface Stored {
  readonly row: LogRow;
  readonly detail: EndDetail | undefined;
}

interface Guarded {
  readonly fingerprint: string;
  readonly rows: readonly LiveRow[];
  readonly at: number;
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
  readonly #isVolatile: IsVolatile;
  readonly #liveListeners = new Set<(rows: readonly LiveRow[]) => void>();
  /** What was appended since the last commit, with what is kept nowhere. */
  readonly #live: LiveRow[] = [];
  #guards = new Map<string, Guarded>();
  /** The numbers that went by a bound of their type, and the last of them by type. */
  #holes = new Set<string>();
  #gone = new Map<string, number>();

  constructor(commit: Commit, isVolatile: IsVolatile = () => false) {
    this.#commit = commit;
    this.#isVolatile = isVolatile;
  }

  save(): () => void {
    const { length } = this.#rows;
    const removed = this.#removed;
    const cursors = new Map(this.#cursors);
    const live = this.#live.length;
    const guards = new Map(this.#guards);
    const holes = new Set(this.#holes);
    const gone = new Map(this.#gone);
    return () => {
      this.#live.length = live;
      this.#guards = guards;
      this.#holes = holes;
      this.#gone = gone;
      this.#rows.length = length;
      this.#removed = removed;
      this.#cursors = cursors;
    };
  }

  committed(): void {
    const rows = this.#rows.slice(this.#announced).map(({ row }) => row);
    this.#announced = this.#rows.length;
    const live = this.#live.splice(0);
    if (rows.length > 0) for (const listener of this.#listeners) listener(rows);
    if (live.length === 0) return;
    const told = live.every(isKept) ? rows : live;
    for (const listener of this.#liveListeners) listener(told);
  }

  /** Appends inside running work. */
  write(row: NewRow, now: number): LiveRow {
    const { type, id, kind, data } = row;
    const written: LiveRow = this.#isVolatile(type)
      ? { type, id, seq: null, prev: null, at: now, kind, data }
      : this.#keep(row, now);
    this.#live.push(written);
    return written;
  }

  #keep({ type, id, kind, data, detail }: NewRow, now: number): LogRow {
    const before = this.#rows.findLast(({ row }) => row.type === type && row.id === id);
    const prev = before === undefined || this.#isRemoved(before) ? null : before.row.seq;
    const seq = String(this.#rows.length + 1);
    const row: LogRow = { type, id, seq, prev, at: now, kind, data };
    this.#rows.push({ row, detail });
    return row;
  }

  append(rows: readonly NewRow[], now: number): Promise<readonly LiveRow[]> {
    return this.#commit(() => rows.map((row) => this.write(row, now)));
  }

  appendOnce(
    rows: readonly NewRow[],
    { key, fingerprint }: AppendGuard,
    now: number,
  ): Promise<readonly LiveRow[] | 'other-rows'> {
    return this.#commit(() => {
      const known = this.#guards.get(key);
      if (known !== undefined) {
        return known.fingerprint === fingerprint ? known.rows : ('other-rows' as const);
      }
      const appended = rows.map((row) => this.write(row, now));
      this.#guards.set(key, { fingerprint, rows: appended, at: now });
      for (const [old, { at }] of this.#guards) {
        if (at < now - APPEND_GUARD_LIFETIME_MS) this.#guards.delete(old);
      }
      return appended;
    });
  }

  async read({ after, limit, type, id }: ReadRequest): Promise<readonly LogRow[]> {
    return this.#after(after)
      .map(({ row }) => this.#linked(row))
      .filter((row) => type === undefined || row.type === type)
      .filter((row) => type === undefined || id === undefined || row.id === id)
      .slice(0, limit);
  }

  async newest({ type, id }: Topic): Promise<LogRow | undefined> {
    return (await this.read({ after: '0', limit: Number.POSITIVE_INFINITY, type, id })).at(-1);
  }

  async cursors(prefix: string, limit = Number.POSITIVE_INFINITY): Promise<readonly NamedCursor[]> {
    return [...this.#cursors]
      .map(([name, position]) => ({ name, position }))
      .filter(({ name }) => name.startsWith(prefix))
      .sort((one, other) => Number(one.position) - Number(other.position))
      .slice(0, limit);
  }

  removeCursor(name: string): Promise<void> {
    return this.#commit(() => void this.#cursors.delete(name));
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

  gone(types?: readonly string[]): string {
    const gone = [...this.#gone].filter(([type]) => types?.includes(type) ?? true);
    return String(Math.max(0, ...gone.map(([, last]) => last)));
  }

  holds(position: string, types?: readonly string[]): boolean {
    const at = Number(position);
    if (at < Number(this.gone(types))) return false;
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

  prune(request: PruneRequest): Promise<number> {
    const { before = 0, keep = Number.POSITIVE_INFINITY, limit, slice = WITHOUT_END } = request;
    return this.#commit(() => {
      const isOver = slice();
      const start = this.#removed;
      const positions = [...this.#cursors]
        .filter(([name]) => !name.startsWith(CLIENT_CURSOR_PREFIX))
        .map(([, position]) => Number(position));
      const passed = Math.min(Number(this.#cursors.get(REPORT_CURSOR) ?? 0), ...positions);
      for (const { row } of this.#rows.slice(start, Math.min(passed, start + limit))) {
        const newer = this.#rows.length - Number(row.seq);
        if (row.at >= before && newer < keep) break;
        this.#removed += 1;
        if (isOver()) break;
      }
      return this.#removed - start;
    });
  }

  pruneType(request: PruneTypeRequest): Promise<PrunedType> {
    const { type, before = 0, keep, limit: most, slice = WITHOUT_END } = request;
    return this.#commit(() => {
      const isOver = slice();
      let limit = 1;
      while (limit < most && !isOver()) limit += 1;
      const rows = this.#after('0').filter(({ row }) => row.type === type);
      const due = rows.findIndex(({ row }, index) => {
        return row.at >= before && (keep === undefined || rows.length - index <= keep);
      });
      const removed = rows.slice(0, Math.min(due === -1 ? rows.length : due, limit));
      for (const { row } of removed) {
        this.#holes.add(row.seq);
        this.#gone.set(type, Number(row.seq));
      }
      const stays = rows[removed.length]?.row.at ?? null;
      const isDone = removed.length === 0 || removed.length < limit;
      return { removed: removed.length, isDone, oldestAt: isDone ? stays : null };
    });
  }

  rowsByType(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { row } of this.#after('0')) {
      if (row.type !== 'job') counts.set(row.type, (counts.get(row.type) ?? 0) + 1);
    }
    return counts;
  }

  onLive(listener: (rows: readonly LiveRow[]) => void): () => void {
    this.#liveListeners.add(listener);
    return () => this.#liveListeners.delete(listener);
  }

  onAppended(listener: (rows: readonly LogRow[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #after(position: string): readonly Stored[] {
    if (!/^\d+$/.test(position)) return [];
    return this.#rows
      .slice(Math.max(Number(position), this.#removed))
      .filter(({ row }) => !this.#holes.has(row.seq));
  }

  #linked(row: LogRow): LogRow {
    const isCut = row.prev !== null && this.#holes.has(row.prev);
    return isCut ? { ...row, prev: null } : row;
  }

  #isRemoved({ row }: Stored): boolean {
    return Number(row.seq) <= this.#removed || this.#holes.has(row.seq);
  }
}
