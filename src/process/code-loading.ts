/**
 * Loads the code of a process while V8's optimising compiler rests.
 *
 * Some hundred modules are enough for it to take the loader itself for hot code, whose compilation leaves
 * 5 MiB with each process for a few milliseconds of its life. What the process then does is optimised as ever.
 * Not for code of users: how long theirs computes while it is loaded, nobody knows.
 */
import { setFlagsFromString } from 'node:v8';

/** @param load imports, and nothing that works */
export async function loadCode<T>(load: () => Promise<T>): Promise<T> {
  setFlagsFromString('--no-opt');
  try {
    return await load();
  } finally {
    setFlagsFromString('--opt');
  }
}
