/**
 * How TASKBELL_SECTION_KEY names a key. Pure.
 *
 * Variables that name no section are not ours to judge (TASKBELL_PROFILE
 * and the marks of child processes are among them) and are left alone.
 */

import type { Assignment } from './assignment.ts';
import { didYouMean } from './did-you-mean.ts';
import { isMemberName, type KeyReference, SECTIONS, type SectionReference } from './keys.ts';
import type { ConfigProblem } from './origin.ts';
import type { Environment } from './process-environment.ts';

/** `TASKBELL_DAEMON_DATADIRECTORY`; letters and digits in capitals, everything else becomes `_`. */
export function variableName(...parts: readonly string[]): string {
  return ['TASKBELL', ...parts]
    .map((part) => part.toUpperCase().replace(/[^A-Z0-9]/g, '_'))
    .join('_');
}

export interface FromEnvironment {
  readonly assignments: readonly Assignment[];
  readonly problems: readonly ConfigProblem[];
}

export interface Addressable {
  /** The fixed sections and the declared [job:NAME] and [event:NAME]. */
  readonly sections: readonly SectionReference[];
  /** What the file sets: its spelling of `key.NAME` holds for the variable too. */
  readonly declared: readonly Assignment[];
}

export function readEnvironment(
  environment: Environment,
  addressable: Addressable,
): FromEnvironment {
  const { sections, declared } = addressable;
  const assignments: Assignment[] = [];
  const problems: ConfigProblem[] = [];
  for (const variable of Object.keys(environment).filter(addressesSection).sort()) {
    const origin = { kind: 'environment', variable } as const;
    const targets = sections.flatMap((section) => targetsIn(section, variable, declared));
    const [target] = targets;
    if (target === undefined) problems.push({ origin, text: unknownVariable(variable, sections) });
    else if (targets.length > 1) problems.push({ origin, text: ambiguousVariable(targets) });
    else assignments.push({ ...target, text: environment[variable] ?? '', origin });
  }
  return { assignments, problems };
}

interface Target {
  readonly section: SectionReference;
  readonly key: KeyReference;
}

function addressesSection(variable: string): boolean {
  return SECTIONS.some(({ name }) => variable.startsWith(`${variableName(name)}_`));
}

function targetsIn(
  section: SectionReference,
  variable: string,
  declared: readonly Assignment[],
): readonly Target[] {
  return Object.entries(section.definition.keys).flatMap(([name, definition]) => {
    const wanted = variableName(section.label, name);
    if (definition.form === 'value') {
      return variable === wanted ? [{ section, key: { key: name, definition } }] : [];
    }
    if (!variable.startsWith(`${wanted}_`)) return [];
    const inFile = declared.find(({ section: { label }, key }) => {
      return label === section.label && variableName(label, key.key) === variable;
    });
    if (inFile !== undefined) return [{ section, key: inFile.key }];
    const member = memberOf(variable.slice(wanted.length + 1), name);
    return isMemberName(definition, member)
      ? [{ section, key: { key: `${name}.${member}`, definition } }]
      : [];
  });
}

/** Variables of a command keep their capitals; query parameters and handshake values are written small. */
function memberOf(rest: string, mapName: string): string {
  return mapName === 'environment' ? rest : rest.toLowerCase();
}

function unknownVariable(variable: string, sections: readonly SectionReference[]): string {
  const addressed = sections.find(({ label }) => variable.startsWith(`${variableName(label)}_`));
  if (addressed === undefined) {
    return 'names no key of a [job:NAME] or [event:NAME] that the file declares';
  }
  const prefix = `${variableName(addressed.label)}_`;
  const names = Object.entries(addressed.definition.keys).map(([name, { form }]) =>
    form === 'map' ? `${name.toUpperCase()}_NAME` : name.toUpperCase(),
  );
  return `names no key of [${addressed.label}]${didYouMean(variable.slice(prefix.length), names, prefix)}`;
}

function ambiguousVariable(targets: readonly Target[]): string {
  const names = targets.map(({ section, key }) => `[${section.label}] ${key.key}`).join(' and ');
  return `could mean ${names}; set it in the file instead`;
}
