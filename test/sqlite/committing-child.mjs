/** Commits so often as each word of its arguments says, `disk` or `os`, one after the other. */
import { openDatabase, prepareTransaction } from '../../dist/sqlite/database.js';

const [file, ...durabilities] = process.argv.slice(2);
const transaction = prepareTransaction(openDatabase(file));
for (const durability of durabilities) {
  transaction.begin(durability);
  transaction.touch();
  transaction.commit();
}
// Without a close: its checkpoint waits for the disk as well.
process.kill(process.pid, 'SIGKILL');
