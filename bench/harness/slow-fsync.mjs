/** Runs a server under strace so that each fsync and fdatasync takes longer, and nothing else does. */
import { findProgram } from './programs.mjs';

export function hasStrace() {
  return findProgram('strace') !== undefined;
}

/** The command line that runs the given one with every sync lengthened by `ms`; unchanged for 0. */
export function withSlowFsync(command, args, ms) {
  if (!ms) return [command, args];
  // --seccomp-bpf: only the two calls stop the process; all others run at full speed.
  const inject = `inject=fsync,fdatasync:delay_exit=${ms * 1_000}`;
  return [
    'strace',
    [
      '-f',
      '--seccomp-bpf',
      '-qq',
      '-o',
      '/dev/null',
      '-e',
      'trace=fsync,fdatasync',
      '-e',
      inject,
      command,
      ...args,
    ],
  ];
}
