/** What is told of a job's dependencies, on SQLite: to its handler at the hand-out, and to whoever asks. */
import { MAX_HANDED_BYTES, MAX_HANDED_RESULTS } from '../../protocol/execute.ts';
import type {
  DependencyCounts,
  JobState,
  RelativesView,
  RelativeView,
} from '../../protocol/jobs.ts';
import type { Database } from '../../sqlite/database.ts';
import {
  type DependencyStatements,
  type HandedRow,
  prepareDependencyStatements,
  type RelativeRow,
} from './dependency-statements.ts';
import { keyOf } from './job-rows.ts';
import type { SealedRows } from './sealed-rows.ts';

export class DependencyReads {
  readonly #sql: DependencyStatements;
  readonly #sealed: SealedRows;

  constructor(db: Database, sealed: SealedRows) {
    this.#sealed = sealed;
    this.#sql = prepareDependencyStatements(db);
  }

  /**
   * `Dependencies` of the execute protocol as JSON text; results are copied as they were told.
   * @throws TaskbellError E_KEY_FILE for a result that cannot be opened
   */
  handDown(key: number): string {
    const { total, succeeded, failed, cancelled } = this.#count(key);
    const counts = JSON.stringify({ total, succeeded, failed, cancelled });
    const results: string[] = [];
    let size = 0;
    for (const row of this.#sql.handed.iterate(key, MAX_HANDED_RESULTS)) {
      const text = renderResult(row, this.#sealed);
      size += Buffer.byteLength(text);
      if (size > MAX_HANDED_BYTES) break;
      results.push(text);
    }
    return `${counts.slice(0, -1)},"results":[${results.join(',')}]}`;
  }

  count(id: string): DependencyCounts | undefined {
    const counts = this.#count(keyOf(id));
    return counts.total === 0 ? undefined : counts;
  }

  relatives(id: string, limit: number): RelativesView {
    const key = keyOf(id);
    return {
      dependencies: this.#sql.parentsOf.all(key, limit).map(toRelative),
      dependents: this.#sql.dependentsOf.all(key, limit).map(toRelative),
    };
  }

  #count(key: number): DependencyCounts {
    const counted = new Map(this.#sql.counts.all(key).map(({ state, n }) => [state, n]));
    const of = (state: JobState | null) => counted.get(state) ?? 0;
    const [unfinished, succeeded, failed] = [of(null), of('succeeded'), of('failed')];
    const cancelled = of('cancelled');
    const total = unfinished + succeeded + failed + cancelled;
    return { total, unfinished, succeeded, failed, cancelled };
  }
}

function renderResult(row: HandedRow, sealed: SealedRows): string {
  const { id, ref, type, state } = row;
  const error = sealed.error(row.error, id);
  const message = error === null ? null : (JSON.parse(error) as { message: string }).message;
  const facts = JSON.stringify({ id: String(id), ref, type: type ?? '', state, error: message });
  const result = row.result === null ? 'null' : sealed.openResult(row.result, id);
  return `${facts.slice(0, -1)},"result":${result}}`;
}

function toRelative({ id, ref, type, state }: RelativeRow): RelativeView {
  return { id: String(id), ref, type, state };
}
