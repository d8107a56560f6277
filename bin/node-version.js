/*
 * Decides whether a Node version can run Taskbell. Old syntax on purpose, see taskbell.js.
 */
'use strict';

var NEEDED_MAJOR = 20;
var NEEDED_MINOR = 19;

/* Takes '20.19.0', gives null when it will do and else one sentence for the user. */
exports.findVersionProblem = function findVersionProblem(version) {
  var parts = version.split('.');
  var major = Number(parts[0]);
  var minor = Number(parts[1]);
  if (major > NEEDED_MAJOR || (major === NEEDED_MAJOR && minor >= NEEDED_MINOR)) return null;
  return (
    'taskbell needs Node.js ' +
    NEEDED_MAJOR +
    '.' +
    NEEDED_MINOR +
    ' or newer, but this is ' +
    version +
    ': install a newer one from https://nodejs.org and run the command again.'
  );
};
