/** The reports' view of the log: ended jobs after the cursor named `report`. */
import type { EndRow, EventLog } from '../log/event-log.ts';
import type { Service } from '../process/service.ts';
import type { JobEventData } from '../protocol/events.ts';
import type { EndedJob, ReportSource } from '../report/report-source.ts';

const REPORT_CURSOR = 'report';

export interface LogReportSourceParts {
  readonly log: EventLog;
  readonly isReported: (type: string) => boolean;
}

export class LogReportSource implements ReportSource {
  readonly #log: EventLog;
  readonly #isReported: (type: string) => boolean;

  constructor({ log, isReported }: LogReportSourceParts) {
    this.#log = log;
    this.#isReported = isReported;
  }

  cursor(): Promise<string> {
    return this.#log.cursor(REPORT_CURSOR);
  }

  async readEnds(
    after: string,
    limit: number,
  ): Promise<{ ends: readonly EndedJob[]; next: string }> {
    const top = this.#log.top();
    const rows = await this.#log.readEnds(after, limit);
    const ends = rows
      .map((row) => toEndedJob(row, this.#log.epoch))
      .filter(({ type }) => this.#isReported(type));
    // A page that is not full has seen everything up to the top that was there before it was read.
    const last = rows.at(-1)?.seq;
    const next = rows.length < limit ? later(top, last ?? after) : (last ?? after);
    return { ends, next };
  }

  waitForMore(after: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        stopListening();
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const stopListening = this.#log.onAppended((rows) => {
        if (rows.some(({ kind }) => kind === 'end')) finish();
      });
      signal.addEventListener('abort', finish);
      if (signal.aborted || Number(this.#log.top()) > Number(after)) finish();
    });
  }

  advance(to: string): Promise<void> {
    return this.#log.moveCursor(REPORT_CURSOR, to);
  }

  /** Nobody is to hear of what has ended so far. */
  skipToTop(): Promise<void> {
    return this.advance(this.#log.top());
  }

  async pending(): Promise<number> {
    return this.#log.countEnds(await this.cursor());
  }
}

function later(a: string, b: string): string {
  return Number(a) > Number(b) ? a : b;
}

function toEndedJob(row: EndRow, epoch: string): EndedJob {
  const [data] = JSON.parse(row.data) as [JobEventData];
  const { error, userId, traceparent } = row.detail;
  const success = data.state === 'succeeded';
  return {
    seq: row.seq,
    jobId: row.id,
    // The position in this log never changes, so it names the event on every repeat.
    eventId: `${epoch}-${row.seq}`,
    type: data.type,
    success,
    completedAt: row.at,
    durationMs: data.duration ?? 0,
    attempts: data.attempt,
    userId,
    ...(traceparent === undefined ? {} : { traceparent }),
    error: success ? null : { message: error?.message ?? data.state, stack: error?.stack ?? null },
  };
}

/** A receiver that is configured later hears of what ends from then on, not of all that ever ended. */
export function withoutReceiver(source: LogReportSource): Service {
  return { start: () => source.skipToTop(), stop: () => source.skipToTop() };
}

/** Says once that there is something in the log: now, or with its first row. */
export function noteRows(
  log: Pick<EventLog, 'oldest' | 'onAppended'>,
  onRows: () => void = () => undefined,
): void {
  if (log.oldest() !== '0') onRows();
  const unsubscribe = log.onAppended(() => {
    unsubscribe();
    onRows();
  });
}
