/**
 * Changes the level of a process's loggers while it runs. A logger made by `child` has a level of its own, so that each
 * has to be told.
 */
import type { Logger as PinoLogger } from 'pino';
import type { LogLevel } from '../config/settings.ts';

type Family = Set<WeakRef<PinoLogger>>;

const FAMILIES = new WeakMap<PinoLogger, Family>();

/** @param make makes the root, given what hears of each child (pino's `onChild`) */
export function withFamily(make: (onChild: (child: PinoLogger) => void) => PinoLogger): PinoLogger {
  const family: Family = new Set();
  const root = make((child) => void family.add(new WeakRef(child)));
  FAMILIES.set(root, family);
  return root;
}

/** Of the root and of all that were made from it. */
export function setLogLevel(root: PinoLogger, level: LogLevel): void {
  root.level = level;
  const family = FAMILIES.get(root);
  for (const ref of family ?? []) {
    const child = ref.deref();
    if (child === undefined) family?.delete(ref);
    else child.level = level;
  }
}
