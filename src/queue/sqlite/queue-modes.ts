/** Which queues are paused or drained, kept in memory beside the table: every add asks. */
import { TaskbellError } from '../../protocol/errors.ts';
import type { QueueMode } from '../../protocol/status.ts';
import type { Participant } from '../../sqlite/commit.ts';
import type { Database } from '../../sqlite/database.ts';
import type { NewJob } from '../job.ts';

interface QueueRow {
  readonly name: string;
  readonly paused: number;
  readonly draining: number;
}

export class QueueModes implements Participant {
  readonly #sql;
  #modes = new Map<string, QueueMode>();
  #draining = 0;

  constructor(db: Database) {
    this.#sql = {
      all: db.prepare<[], QueueRow>('SELECT name, paused, draining FROM queues'),
      set: db.prepare<[string, number, number]>(
        `INSERT INTO queues (name, paused, draining) VALUES (?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET paused = excluded.paused, draining = excluded.draining`,
      ),
    };
    this.#load();
  }

  /** Every queue that was ever paused or drained. */
  all(): ReadonlyMap<string, QueueMode> {
    return this.#modes;
  }

  set(queue: string, mode: QueueMode): void {
    this.#sql.set.run(queue, mode === 'paused' ? 1 : 0, mode === 'draining' ? 1 : 0);
    this.#load();
  }

  /** Why these may not be added. */
  refusal(jobs: readonly Pick<NewJob, 'queue'>[]): TaskbellError | undefined {
    if (this.#draining === 0) return undefined;
    const refused = jobs.find(({ queue }) => this.#modes.get(queue) === 'draining');
    return refused && drainingError(refused.queue);
  }

  afterRollback(): void {
    this.#load();
  }

  #load(): void {
    this.#modes = new Map(this.#sql.all.all().map((row) => [row.name, modeOf(row)]));
    this.#draining = [...this.#modes.values()].filter((mode) => mode === 'draining').length;
  }
}

function modeOf({ paused, draining }: QueueRow): QueueMode {
  if (draining === 1) return 'draining';
  return paused === 1 ? 'paused' : 'open';
}

function drainingError(queue: string): TaskbellError {
  return new TaskbellError('E_UNAVAILABLE', `The queue ${queue} is drained: it takes no jobs.`, {
    hint: `Use another queue, or open it again with \`taskbell queue resume ${queue}\`.`,
  });
}
