/**
 * Says whether process 1 of this machine or container buries the dead.
 *
 * A process whose parent has ended becomes a child of process 1, which has to take note of its end, or its entry
 * stays in the process table for ever: a zombie. An init does that; Node does not, and cannot: it only waits for
 * children that it has started itself. Commands that jobs leave behind are such orphans.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

export interface InitFacts {
  readonly pid: number;
  /** The program of process 1; null where it cannot be seen. */
  readonly init: string | null;
}

export interface InitProblem {
  readonly message: string;
  /** What to do. */
  readonly hint: string;
}

const HINT =
  'Start the container with an init: docker run --init, init: true in compose.yaml, or tini as ENTRYPOINT (docs/deployment.md#in-a-container).';

export function readInitFacts(): InitFacts {
  return { pid: process.pid, init: programOfInit() };
}

/** Null: nothing is wrong, as far as can be seen. */
export function findInitProblem({ pid, init }: InitFacts): InitProblem | null {
  if (pid === 1) {
    return {
      message: 'this is process 1 and there is no init: orphans of jobs stay as zombies',
      hint: HINT,
    };
  }
  if (init === null || !NODES.test(init)) return null;
  const message = `process 1 is ${init}, which is no init: orphans of jobs stay as zombies`;
  return { message, hint: HINT };
}

/** Node and what renames itself: `npm start`, `PM2 v7.0.4`. */
const NODES = /^(node|nodejs|npm|npx|pm2|bun|deno)\b/i;

function programOfInit(): string | null {
  try {
    return basename(readlinkSync('/proc/1/exe'));
  } catch {
    // Of another user, or there is no /proc.
  }
  try {
    return readFileSync('/proc/1/comm', 'utf8').trim();
  } catch {
    return null;
  }
}
