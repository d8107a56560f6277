/* Loads the program; apart from taskbell.js because old versions of Node cannot read `import()`. */
'use strict';

import('../dist/main.js').catch(function fail(error) {
  var missing = error.code === 'ERR_MODULE_NOT_FOUND';
  process.stderr.write(`taskbell: cannot start: ${error.stack}\n`);
  if (missing) process.stderr.write('  The program may not be built yet: run npm run build.\n');
  // EX_SOFTWARE of sysexits.
  process.exitCode = 70;
});
