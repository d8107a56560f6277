/**
 * Turns texts into values: for each key the strongest assignment counts, else the default.
 *
 * Pure. Every assignment is checked, also one that a stronger one hides: a wrong line in the file is
 * wrong on the day when the flag is gone.
 */
import type { Assignment } from './assignment.ts';
import type { Definition, EmptyFacts, KeyDefinition } from './key-definition.ts';
import type { SectionReference } from './keys.ts';
import type { ConfigProblem, Origin } from './origin.ts';
import { expected, type Reading, read } from './reading.ts';

export interface Bases {
  /** Where relative paths from flags, environment and defaults start. */
  readonly cwd: string;
  /** Where relative paths from the file and of defaults start; `cwd` without a file. */
  readonly configDirectory: string;
}

export interface ResolvedEntry {
  /** `dataDirectory` or `environment.NAME`. */
  readonly key: string;
  readonly definition: Definition;
  readonly value: unknown;
  readonly origin: Origin;
}

export interface ResolvedSection {
  readonly section: SectionReference;
  readonly entries: readonly ResolvedEntry[];
}

export interface Resolution {
  readonly sections: readonly ResolvedSection[];
  readonly problems: readonly ConfigProblem[];
}

/** @param assignments weakest first */
export function resolveSections(
  sections: readonly SectionReference[],
  assignments: readonly Assignment[],
  bases: Bases,
): Resolution {
  const resolved = sections.map((section) => {
    const own = assignments.filter(({ section: { label } }) => label === section.label);
    return { section, entries: resolveEntries(section, own, bases) };
  });
  return {
    sections: resolved,
    problems: assignments.flatMap((one) => checkAssignment(one, bases)),
  };
}

function resolveEntries(
  section: SectionReference,
  assignments: readonly Assignment[],
  bases: Bases,
): readonly ResolvedEntry[] {
  const entries: ResolvedEntry[] = [];
  const before: Record<string, unknown> = {};
  const facts: EmptyFacts = { configDirectory: bases.configDirectory, before };
  for (const [key, definition] of Object.entries(section.definition.keys)) {
    if (definition.form === 'map') {
      entries.push(...resolveMembers(definition, assignments));
      continue;
    }
    const assigned = assignments.findLast((assignment) => assignment.key.key === key);
    const { value, origin } = resolveValue(definition, { assigned, bases, facts });
    before[key] = value;
    entries.push({ key, definition, value, origin });
  }
  return entries;
}

interface Circumstances {
  readonly assigned: Assignment | undefined;
  readonly bases: Bases;
  readonly facts: EmptyFacts;
}

function resolveValue(
  definition: KeyDefinition<unknown>,
  { assigned, bases, facts }: Circumstances,
): { value: unknown; origin: Origin } {
  if (assigned !== undefined) {
    const reading = readText(definition, {
      text: assigned.text,
      base: baseOf(assigned.origin, bases),
      facts,
    });
    if (reading.ok) return { value: reading.value, origin: assigned.origin };
    // Reported by checkAssignment; the default lets the other checks go on.
  }
  const fallback = readText(definition, {
    text: definition.default,
    base: bases.configDirectory,
    facts,
  });
  return { value: fallback.ok ? fallback.value : undefined, origin: { kind: 'default' } };
}

function resolveMembers(
  definition: Definition,
  assignments: readonly Assignment[],
): ResolvedEntry[] {
  const members = new Map<string, ResolvedEntry>();
  for (const { key, text, origin } of assignments) {
    if (key.definition === definition)
      members.set(key.key, { key: key.key, definition, value: text, origin });
  }
  return [...members.values()];
}

function checkAssignment(assignment: Assignment, bases: Bases): readonly ConfigProblem[] {
  const { section, key, text, origin } = assignment;
  if (key.definition.form === 'map') return [];
  const facts: EmptyFacts = { configDirectory: bases.configDirectory, before: {} };
  const reading = readText(key.definition, { text, base: baseOf(origin, bases), facts });
  if (reading.ok) return [];
  const words = `[${section.label}] ${key.key}: expected ${reading.expected}, got ${quoteSafely(text)}`;
  return [{ origin, text: words }];
}

/** A user name and password in a URL are a reason to refuse it, not to print them. */
function quoteSafely(text: string): string {
  return text === '' ? 'nothing' : `"${text.replace(/\/\/[^/]*@/, '//***@')}"`;
}

function readText(
  definition: KeyDefinition<unknown>,
  given: { text: string; base: string; facts: EmptyFacts },
): Reading<unknown> {
  if (given.text !== '') return definition.type.read(given.text, given.base);
  if (definition.empty !== null) return read(definition.empty(given.facts));
  return expected(`a value (${definition.type.name})`);
}

function baseOf(origin: Origin, bases: Bases): string {
  return origin.kind === 'file' ? bases.configDirectory : bases.cwd;
}
