/** A log of ended jobs in memory, as a ReportSource that counts what is asked of it. */
import type { EndedJob, EndsPage, ReportSource } from '../../src/report/report-source.ts';

export interface LogRow {
  readonly end: EndedJob | null;
}

export class MemorySource implements ReportSource {
  readonly #rows: LogRow[] = [];
  readonly #waiting = new Set<() => void>();
  #cursor = 0;
  /** Every position that the cursor was moved to. */
  readonly advances: number[] = [];
  reads = 0;
  /** Rows looked at: the furthest position read. */
  lookedAt = 0;
  /** Ends handed out, repeats included. */
  handedOut = 0;
  failReads = 0;
  failAdvances = 0;

  get top(): number {
    return this.#rows.length;
  }

  /** Appends `count` ends. */
  addEnds(count: number, change: (n: number) => Partial<EndedJob> = () => ({})): void {
    for (let i = 0; i < count; i += 1) {
      const n = this.#rows.length + 1;
      this.#rows.push({ end: { ...endedJob(n), ...change(n) } });
    }
    this.#wake();
  }

  /** Appends rows that are no ends. */
  addOther(count: number): void {
    for (let i = 0; i < count; i += 1) this.#rows.push({ end: null });
    this.#wake();
  }

  async cursor(): Promise<string> {
    return String(this.#cursor);
  }

  async readEnds(after: string, limit: number): Promise<EndsPage> {
    this.reads += 1;
    if (this.failReads > 0) {
      this.failReads -= 1;
      throw new Error('the log is not readable');
    }
    const ends: EndedJob[] = [];
    let next = Number(after);
    while (next < this.#rows.length && ends.length < limit) {
      const end = this.#rows[next]?.end;
      if (end) ends.push(end);
      next += 1;
    }
    this.lookedAt = Math.max(this.lookedAt, next);
    this.handedOut += ends.length;
    return { ends, next: String(next) };
  }

  waitForMore(after: string, signal: AbortSignal): Promise<void> {
    if (this.#rows.length > Number(after) || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }

  async advance(to: string): Promise<void> {
    if (this.failAdvances > 0) {
      this.failAdvances -= 1;
      throw new Error('the disk is full');
    }
    this.advances.push(Number(to));
    this.#cursor = Number(to);
  }

  async pending(): Promise<number> {
    return this.#rows.slice(this.#cursor).filter((row) => row.end !== null).length;
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}

export function endedJob(n: number): EndedJob {
  return {
    seq: String(n),
    jobId: `j${n}`,
    eventId: `e${n}`,
    type: 'demo',
    success: true,
    completedAt: Date.UTC(2026, 10, 21, 21, 40, 5, 174),
    durationMs: 1234.56,
    attempts: 1,
    userId: `user-${n}`,
    error: null,
  };
}
