/** Adds jobs of a durability without end, a few at once, and prints the id of each that was accepted. */
import { writeSync } from 'node:fs';
import { CommitLoop } from '../../dist/core/commit-loop.js';
import { LogWriter } from '../../dist/log/sqlite/log-writer.js';
import { JobCounts } from '../../dist/queue/sqlite/job-counts.js';
import { QueueModes } from '../../dist/queue/sqlite/queue-modes.js';
import { SqliteJobStore } from '../../dist/queue/sqlite/sqlite-job-store.js';
import { SqliteLimitLedger } from '../../dist/queue/sqlite/sqlite-limit-ledger.js';
import { openDatabase, prepareTransaction } from '../../dist/sqlite/database.js';

const [file, durability] = process.argv.slice(2);
const db = openDatabase(file);
const loop = new CommitLoop({
  transaction: prepareTransaction(db),
  onFatal: (error) => {
    throw error;
  },
});
const writer = new LogWriter(db);
const counts = new JobCounts(db);
const limits = new SqliteLimitLedger(db);
loop.join(counts);
loop.join(limits);
const modes = new QueueModes(db);
loop.join(modes);
loop.join(writer);
const store = new SqliteJobStore({ db, writer, counts, limits, modes, commit: loop.commit });

const job = {
  ...{ type: 'mail', queue: 'default', payload: '{}', priority: 0, runAt: null },
  ...{ uniqueKey: null, unique: null, retries: null, backoff: null, timeoutMs: null },
  ...{ userId: null, group: null, durability, ref: null, after: [] },
  onDependencyFailure: 'fail',
};

async function addForEver() {
  for (;;) {
    const [added] = await store.add([job], Date.now());
    // Straight to the pipe: what a stream still holds at the kill was never said.
    writeSync(1, `${added.job.id}\n`);
  }
}

await Promise.all([addForEver(), addForEver(), addForEver()]);
