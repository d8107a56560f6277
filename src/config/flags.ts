/**
 * Command-line flags that override keys. Pure; parsing argv is the command line's own work.
 */
import { TaskbellError } from '../protocol/errors.ts';
import type { Assignment } from './assignment.ts';
import { CREDENTIAL_PREFIX } from './credential-name.ts';
import { variableName } from './environment.ts';
import {
  findKey,
  findSection,
  isSecret,
  type KeyReference,
  type SectionReference,
} from './keys.ts';
import type { ConfigProblem } from './origin.ts';

export interface FlagOverride {
  /** As the user wrote it, such as `--data-directory`; shown as the origin. */
  readonly flag: string;
  /** `daemon`, or `job:NAME`. */
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

export interface Flags {
  /** `--config FILE`. */
  readonly config?: string | undefined;
  readonly overrides?: readonly FlagOverride[] | undefined;
}

/**
 * Reads the argument of `--set section.key=value`.
 * @throws TaskbellError E_USAGE
 */
export function parseSetFlag(argument: string): FlagOverride {
  // Job names may hold dots: the key is `environment.NAME`, or what stands behind the last dot.
  const pattern =
    /^((?:job|event|issuer):[^=]+?|[^.=:]+)\.((?:environment\.)?[^.=]+|(?:query|auth)\.[^=]+)=([\s\S]*)$/i;
  const [, section, key, value] = pattern.exec(argument) ?? [];
  if (section === undefined || key === undefined || value === undefined) {
    throw new TaskbellError(
      'E_USAGE',
      `--set: expected section.key=value, got "${argument.split('=')[0]}"`,
      {
        hint: 'For example: --set daemon.logLevel=debug, or --set job:import.timeout=5m.',
      },
    );
  }
  return { flag: '--set', section, key, value };
}

export interface FromFlags {
  readonly assignments: readonly Assignment[];
  readonly problems: readonly ConfigProblem[];
}

/** @param declared sections of the file: their spelling of NAME holds for the flag too */
export function readFlags(
  overrides: readonly FlagOverride[],
  declared: readonly SectionReference[],
): FromFlags {
  const assignments: Assignment[] = [];
  const problems: ConfigProblem[] = [];
  for (const { flag, section, key, value } of overrides) {
    const origin = { kind: 'flag', flag } as const;
    const foundSection = findSection(section);
    const foundKey = 'problem' in foundSection ? foundSection : findKey(foundSection.found, key);
    if ('problem' in foundSection) problems.push({ origin, text: foundSection.problem });
    else if ('problem' in foundKey) problems.push({ origin, text: foundKey.problem });
    else if (isSecret(foundKey.found.definition) && !isHarmless(value)) {
      problems.push({ origin, text: openSecret(foundSection.found, foundKey.found) });
    } else {
      const { label } = foundSection.found;
      const spelled = declared.find((known) => known.label.toLowerCase() === label.toLowerCase());
      const target = spelled ?? foundSection.found;
      assignments.push({ section: target, key: foundKey.found, text: value, origin });
    }
  }
  return { assignments, problems };
}

/** Taken away again, or the name of a secret instead of the secret. */
function isHarmless(value: string): boolean {
  return value === '' || value.startsWith(CREDENTIAL_PREFIX);
}

function openSecret({ label }: SectionReference, { key }: KeyReference): string {
  return `[${label}] ${key} is secret, and every user of the machine can read arguments; set it in the configuration file or as ${variableName(...label.split(':'), key)}`;
}
