/** Judges who else can reach what is the service's alone. Pure: modes go in, findings come out. */
import { type Finding, fail, ok, warn } from './finding.ts';

export interface Guarded {
  /** What it is, for people. */
  readonly what: string;
  readonly path: string;
  /** Permission bits; null: it is not there, or not for us to see. */
  readonly mode: number | null;
}

const GROUP = 0o070;
const OTHERS = 0o007;

/** @param wanted what it is made with, such as 0700 */
export function judgeOwn({ what, path, mode }: Guarded, wanted: number): Finding {
  if (mode === null) return ok(what, `${path} is not there yet, or not to be seen by this user`);
  const shown = mode.toString(8).padStart(4, '0');
  if ((mode & (GROUP | OTHERS)) === 0) return ok(what, `${path} (${shown})`);
  return fail(what, {
    text: `${path} (${shown}) is open to other users`,
    remedy: `chmod ${wanted.toString(8).padStart(4, '0')} ${path}`,
    code: 'E_UNAUTHORIZED',
  });
}

/** Secrets that the configuration names, and the token of the API. */
export function judgeSecrets(secrets: readonly Guarded[]): Finding {
  const name = 'secrets';
  const there = secrets.filter(({ mode }) => mode !== null);
  const open = (bits: number) => there.filter(({ mode }) => ((mode ?? 0) & bits) !== 0);
  const remedy = (of: readonly Guarded[]) => `chmod 0600 ${of.map(({ path }) => path).join(' ')}`;
  const toOthers = open(OTHERS);
  if (toOthers.length > 0) {
    const text = `readable by everybody: ${namesOf(toOthers)}`;
    return fail(name, { text, remedy: remedy(toOthers), code: 'E_UNAUTHORIZED' });
  }
  const toGroup = open(GROUP);
  if (toGroup.length > 0) {
    return warn(name, `readable by their group: ${namesOf(toGroup)}`, remedy(toGroup));
  }
  return ok(
    name,
    there.length === 0 ? 'none is there' : `for their owner alone: ${namesOf(there)}`,
  );
}

function namesOf(guarded: readonly Guarded[]): string {
  return guarded.map(({ what }) => what).join(', ');
}
