/**
 * What of the queue's rows is sealed at rest: texts on their way into a row, and rows on their way out. Decides
 * nothing: a row is opened as far as it can be, and whoever needs the rest refuses it.
 */
import type { JobError, JobProgress } from '../../protocol/jobs.ts';
import { isSealed, shownOf } from '../../protocol/sealed-text.ts';
import { type SealedTable, sealedColumn } from '../../sqlite/sealed-tables.ts';
import { PLAIN_TEXT, type TextCipher } from '../../sqlite/text-cipher.ts';
import type { AttemptRow, JobRow, LogLineRow } from './job-rows.ts';

/** Payloads belong to their type, since a new job has no id yet; everything else to its job. */
export const SEALED_JOB_TABLES: readonly SealedTable[] = [
  {
    table: 'jobs',
    key: ['id'],
    columns: [sealedColumn('payload', 'type'), sealedColumn('progress', 'id')],
  },
  {
    table: 'unique_followers',
    key: ['job_id'],
    columns: [
      {
        name: 'payload',
        read: "json_extract(job, '$.job.payload')",
        write: "job = json_set(job, '$.job.payload', ?)",
        subject: "json_extract(job, '$.job.type')",
      },
    ],
  },
  {
    table: 'finished_jobs',
    key: ['id'],
    columns: [
      sealedColumn('payload', 'type'),
      sealedColumn('result', 'id'),
      sealedColumn('error', 'id'),
      sealedColumn('progress', 'id'),
    ],
  },
  { table: 'attempts', key: ['job_id', 'attempt'], columns: [sealedColumn('error', 'job_id')] },
  { table: 'job_logs', key: ['job_id', 'n'], columns: [sealedColumn('line', 'job_id')] },
];

export class SealedRows {
  readonly #cipher: TextCipher;
  /** Most have no keys: their rows are not even copied. */
  readonly #off: boolean;

  constructor(cipher: TextCipher = PLAIN_TEXT) {
    this.#cipher = cipher;
    this.#off = cipher === PLAIN_TEXT;
  }

  // -- in -----------------------------------------------------------------------------------------

  sealPayload(payload: string, type: string): string {
    return this.#cipher.seal(payload, 'payload', type);
  }

  sealResult(result: string | null, id: number): string | null {
    return result === null ? null : this.#cipher.seal(result, 'result', id);
  }

  sealError(error: JobError | null, id: number): string | null {
    return error === null ? null : this.#cipher.seal(JSON.stringify(error), 'error', id);
  }

  sealProgress(progress: JobProgress, id: number): string {
    return this.#cipher.seal(JSON.stringify(progress), 'progress', id);
  }

  sealLine(line: string, id: number): string {
    return this.#cipher.seal(escapeLine(line), 'line', id);
  }

  // -- out ----------------------------------------------------------------------------------------

  /** @throws TaskbellError E_KEY_FILE */
  openPayload(payload: string, type: string): string {
    return this.#cipher.open(payload, 'payload', type);
  }

  /** @throws TaskbellError E_KEY_FILE */
  openResult(result: string, id: number): string {
    return this.#cipher.open(result, 'result', id);
  }

  /** The payload and the result stay sealed where they cannot be opened. */
  job<R extends JobRow>(row: R): R {
    if (this.#off) return row;
    const { id, type, result } = row;
    return {
      ...row,
      payload: this.#cipher.tryOpen(row.payload, 'payload', type),
      result: result === null ? null : this.#cipher.tryOpen(result, 'result', id),
      error: this.error(row.error, id),
      progress: this.#progress(row.progress, id),
    };
  }

  attempt(row: AttemptRow, id: number): AttemptRow {
    return this.#off ? row : { ...row, error: this.error(row.error, id) };
  }

  line(row: LogLineRow, id: number): LogLineRow {
    const line = this.#cipher.tryOpen(row.line, 'line', id);
    return {
      ...row,
      line: isSealed(line) && !this.#off ? String(shownOf(line)) : unescapeLine(line),
    };
  }

  /** JSON of an error in any case: nothing is done with errors but to show them. */
  error(error: string | null, id: number): string | null {
    if (error === null || this.#off) return error;
    const text = this.#cipher.tryOpen(error, 'error', id);
    if (!isSealed(text)) return text;
    return JSON.stringify({ name: 'Sealed', message: shownOf(text) });
  }

  #progress(progress: string | null, id: number): string | null {
    if (progress === null) return null;
    const text = this.#cipher.tryOpen(progress, 'progress', id);
    return isSealed(text) ? null : text;
  }
}

/** A handler may log what looks sealed, while all else that is stored here is JSON. */
function escapeLine(line: string): string {
  return /^\\*enc:/.test(line) ? `\\${line}` : line;
}

function unescapeLine(line: string): string {
  return /^\\+enc:/.test(line) ? line.slice(1) : line;
}
