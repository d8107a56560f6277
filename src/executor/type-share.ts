/** Which job types are this executor's: those of a process set apart, or all the others. Pure. */
import type { JobTypeSettings } from '../config/settings.ts';
import type { TypeManifest } from '../protocol/execute.ts';
import type { Predecessor } from '../protocol/supervision.ts';

/** @param only the one type that this process runs; null where it shares in all without their own */
export function isRunHere(
  type: string,
  jobs: readonly Pick<JobTypeSettings, 'name' | 'processes'>[],
  only: string | null,
): boolean {
  if (only !== null) return type === only;
  return !jobs.some(({ name, processes }) => name === type && processes > 0);
}

/**
 * What keeps a process from taking its predecessor's place: a type that one runs and the other cannot
 * load. A type whose handler is gone altogether was taken away on purpose.
 *
 * @returns null when nothing does
 */
export function successionProblem(
  predecessor: Predecessor | null,
  types: readonly TypeManifest[],
): string | null {
  const broken = types.filter(
    ({ name, problem }) => problem !== undefined && predecessor?.types.includes(name),
  );
  if (broken.length === 0) return null;
  return broken.map(({ name, problem }) => `${name}: ${problem}`).join('; ');
}
