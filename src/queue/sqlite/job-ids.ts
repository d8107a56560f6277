/**
 * Ids that mean one job for ever, also where a power cut takes jobs back that were acknowledged before they
 * were on disk: somebody may still ask for such an id, or an executor elsewhere end it.
 *
 * A database that never had such a job counts on without a gap.
 */
import type { Commit } from '../../sqlite/commit.ts';
import type { Database } from '../../sqlite/database.ts';

/** More jobs than can be added between two syncs. */
const LEAP = 100_000;

/** Set with the first such job. */
const MARK = 'os_jobs';
/** The run of the machine in which ids were last given. */
const BOOT = 'jobs_boot_id';

/**
 * To be called before jobs are added: leaps when the machine was started anew since the last time.
 * @param bootId of this run of the machine; empty where it has none, which counts as another one each time
 */
export function skipJobIds(db: Database, bootId: string): void {
  const read = db.prepare<[string], string>('SELECT value FROM meta WHERE key = ?').pluck();
  const leap = db.transaction(() => {
    const known = read.get(BOOT);
    if (known === bootId && bootId !== '') return;
    if (read.get(MARK) !== undefined) {
      db.prepare("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'jobs'").run(LEAP);
    }
    db.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)').run(BOOT, bootId);
  });
  leap.immediate();
}

/** Sees to it that the first job for os is on disk, together with the mark that there are such jobs. */
export class OsMark {
  readonly #write;
  #isOnDisk: boolean;

  constructor(db: Database) {
    this.#write = db.prepare(`INSERT OR IGNORE INTO meta (key, value) VALUES ('${MARK}', '1')`);
    const found = db.prepare(`SELECT 1 FROM meta WHERE key = '${MARK}'`).get();
    this.#isOnDisk = found !== undefined;
  }

  /** Commits work that adds jobs for os, and nothing else. */
  async add<T>(commit: Commit, work: () => T): Promise<T> {
    if (this.#isOnDisk) return commit(work, 'os');
    const value = await commit(() => {
      this.#write.run();
      return work();
    });
    this.#isOnDisk = true;
    return value;
  }
}
