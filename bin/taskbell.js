#!/usr/bin/env node
/*
 * Checks the Node version in words, then loads the program.
 *
 * This file and node-version.js are written for the oldest Node that anyone may still have: a
 * SyntaxError would be the very crash that they are here to prevent. `import()` is one of the things
 * that old versions cannot read, so it stands in a file of its own.
 */
'use strict';

var findVersionProblem = require('./node-version.js').findVersionProblem;

var problem = findVersionProblem(process.versions.node);
if (problem === null) {
  require('./start.js');
} else {
  process.stderr.write(`${problem}\n`);
  // EX_CONFIG of sysexits: this machine is set up wrong, and no restart mends it.
  process.exitCode = 78;
}
