/** Tries to own a lock file, says true or false, keeps it until told to release it. */
import { tryOwn } from '../../dist/sqlite/ownership.js';

const own = tryOwn(process.argv[2]);
process.on('message', () => {
  own?.release();
  process.send('released');
});
process.send(own !== undefined);
