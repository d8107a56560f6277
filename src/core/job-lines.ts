/**
 * Pages of a job's log, for readers that wait for the next line. Keeps who waits and nothing else: a reader
 * that is slow asks late, and what it has not asked for stays in the store.
 */
import type { LinesRequest } from '../api/api-context.ts';
import { unknownJob } from '../api/jobs.ts';
import type { EventLog } from '../log/event-log.ts';
import { isFinished, type LogLinesView } from '../protocol/jobs.ts';
import type { NewLogLine } from '../queue/job.ts';
import type { JobStore } from '../queue/job-store.ts';

export class JobLines {
  readonly #store: Pick<JobStore, 'get' | 'logLines'>;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(store: Pick<JobStore, 'get' | 'logLines'>, log: Pick<EventLog, 'onAppended'>) {
    this.#store = store;
    log.onAppended((rows) => {
      if (this.#waiting.size === 0) return;
      for (const { kind, id } of rows) if (kind === 'end') this.#wake(id);
    });
  }

  /** Lines were written; to be called after their commit. */
  note(lines: readonly Pick<NewLogLine, 'id'>[]): void {
    if (this.#waiting.size === 0) return;
    for (const id of new Set(lines.map((line) => line.id))) this.#wake(id);
  }

  async page(id: string, request: LinesRequest): Promise<LogLinesView> {
    const endMono = performance.now() + request.waitMs;
    for (;;) {
      const news = this.#listen(id);
      try {
        // Looked at when the listener is in place: what comes in between is heard by one of the two.
        const page = await this.#read(id, request);
        const leftMs = endMono - performance.now();
        const isOver = page.lines.length > 0 || page.ended || leftMs <= 0;
        if (isOver || request.signal.aborted) return page;
        await news.within(leftMs, request.signal);
      } finally {
        news.close();
      }
    }
  }

  async #read(id: string, { after, limit }: LinesRequest): Promise<LogLinesView> {
    const job = await this.#store.get(id);
    if (job === undefined) throw unknownJob(id);
    // After the state: the lines of an attempt are written before its end.
    const lines = await this.#store.logLines(id, after, limit);
    const first = lines[0];
    // Lines are numbered without holes; what is missing before the first was trimmed.
    const dropped = first === undefined ? 0 : first.n - 1 - after;
    return { lines, dropped, ended: isFinished(job.state) && lines.length < limit };
  }

  #listen(id: string) {
    let wake: () => void = () => undefined;
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const wakes = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, wakes.add(wake));
    const close = (): void => {
      wakes.delete(wake);
      if (wakes.size === 0 && this.#waiting.get(id) === wakes) this.#waiting.delete(id);
    };
    const within = async (ms: number, signal: AbortSignal): Promise<void> => {
      const timer = setTimeout(wake, ms);
      signal.addEventListener('abort', wake, { once: true });
      await woken;
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
    };
    return { within, close };
  }

  #wake(id: string): void {
    for (const wake of this.#waiting.get(id) ?? []) wake();
  }
}
