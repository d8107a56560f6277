/**
 * Decides what a configuration that was read anew changes in a service that runs: what holds at once, which processes
 * have to be put in the place of others, and what waits for a restart. Pure.
 *
 * What waits keeps its former value in `effective`, so that a process which is started meanwhile has the same settings
 * as its neighbours.
 */

import type { SettingChange } from '../protocol/reload.ts';
import type { Role } from '../protocol/supervision.ts';
import { buildSettings } from './build-settings.ts';
import { formatValue } from './describe-settings.ts';
import { type FileDigests, fileKey } from './file-digests.ts';
import { type Reload, reloadOf } from './key-definition.ts';
import type { Loaded } from './load-settings.ts';
import type { ResolvedEntry, ResolvedSection } from './resolve.ts';

/** A configuration, and what the files held that it names. */
export interface Reading {
  readonly loaded: Loaded;
  readonly files: FileDigests;
}

export interface ReloadPlan {
  /** What holds from now on. */
  readonly effective: Reading;
  readonly applied: readonly SettingChange[];
  readonly needRestart: readonly SettingChange[];
  /** Whose processes read what has changed when they start. */
  readonly roles: ReadonlySet<Role>;
}

interface Change extends SettingChange {
  readonly reload: Reload;
}

interface SectionPlan {
  /** What holds of it; undefined: there is no such section any more. */
  readonly section: ResolvedSection | undefined;
  readonly changes: readonly Change[];
}

/**
 * @param current what holds now
 * @param wanted what the configuration says now, checked
 */
export function planReload(current: Reading, wanted: Reading): ReloadPlan {
  const before = byLabel(current);
  const after = byLabel(wanted);
  const labels = [...new Set([...after.keys(), ...before.keys()])];
  const plans = labels.map((label) => planSection(before.get(label), after.get(label)));
  const sections = plans.flatMap(({ section }) => section ?? []);
  const settled = plans.flatMap(({ changes }) => changes);
  const live = settled.filter(({ reload }) => reload !== 'restart');
  const changes = [...live, ...changedFiles({ current, wanted, sections, known: live })];
  const { file, profile } = wanted.loaded.settings;
  const settings = buildSettings(sections, { file, profile });
  return {
    effective: { loaded: { sections, settings }, files: wanted.files },
    applied: changes.map(toldOf),
    needRestart: settled.filter(({ reload }) => reload === 'restart').map(toldOf),
    roles: rolesOf(changes),
  };
}

function byLabel({ loaded }: Reading): ReadonlyMap<string, ResolvedSection> {
  return new Map(loaded.sections.map((one) => [one.section.label, one]));
}

function planSection(
  before: ResolvedSection | undefined,
  after: ResolvedSection | undefined,
): SectionPlan {
  if (before === undefined) return planComing(after);
  if (after === undefined) return planGoing(before);
  const { section } = after;
  const former = new Map(before.entries.map((entry) => [entry.key, entry]));
  const latter = new Map(after.entries.map((entry) => [entry.key, entry]));
  const changes: Change[] = [];
  const entries = [...new Set([...latter.keys(), ...former.keys()])].flatMap((key) => {
    const change = changeOf(after, former.get(key), latter.get(key));
    if (change !== undefined) changes.push(change);
    return (change?.reload === 'restart' ? former.get(key) : latter.get(key)) ?? [];
  });
  return { section: { section, entries }, changes };
}

/** With a key that waits for a restart, the whole of a section waits: half of one would be something else. */
function planComing(after: ResolvedSection | undefined): SectionPlan {
  if (after === undefined) return { section: undefined, changes: [] };
  const changes = ownChanges(after, (entry) => changeOf(after, undefined, entry));
  return waits(after)
    ? { section: undefined, changes: [wholeOf(after, '', 'new')] }
    : { section: after, changes };
}

function planGoing(before: ResolvedSection): SectionPlan {
  const changes = ownChanges(before, (entry) => changeOf(before, entry, undefined));
  return waits(before)
    ? { section: before, changes: [wholeOf(before, 'there', '')] }
    : { section: undefined, changes };
}

function isSet({ origin }: ResolvedEntry): boolean {
  return origin.kind !== 'default';
}

function waits({ section, entries }: ResolvedSection): boolean {
  const { definition } = section;
  if (definition.reload === 'restart') return true;
  return entries.some(
    (entry) => isSet(entry) && reloadOf(definition, entry.definition) === 'restart',
  );
}

function wholeOf({ section }: ResolvedSection, from: string, to: string): Change {
  return { section: section.label, key: null, from, to, reload: 'restart' };
}

/** Of a section that comes or goes; one that only stands there changes something, too: a schedule, say. */
function ownChanges(
  { section, entries }: ResolvedSection,
  change: (entry: ResolvedEntry) => Change | undefined,
): readonly Change[] {
  const own = entries.filter(isSet).flatMap((entry) => change(entry) ?? []);
  if (own.length > 0) return own;
  const reload = section.definition.reload ?? 'restart';
  return [{ section: section.label, key: null, from: '', to: '', reload }];
}

function changeOf(
  { section }: ResolvedSection,
  former: ResolvedEntry | undefined,
  latter: ResolvedEntry | undefined,
): Change | undefined {
  const named = latter ?? former;
  if (named === undefined || JSON.stringify(former?.value) === JSON.stringify(latter?.value)) {
    return undefined;
  }
  return {
    ...{ section: section.label, key: named.key },
    from: former === undefined ? '' : formatValue(former),
    to: latter === undefined ? '' : formatValue(latter),
    reload: reloadOf(section.definition, named.definition),
  };
}

interface Files {
  readonly current: Reading;
  readonly wanted: Reading;
  readonly sections: readonly ResolvedSection[];
  /** Told already. */
  readonly known: readonly Change[];
}

/** Files with other content under the name that they had. */
function changedFiles({ current, wanted, sections, known }: Files): readonly Change[] {
  return sections.flatMap(({ section, entries }) =>
    entries.flatMap((entry): readonly Change[] => {
      const { label } = section;
      const [former, latter] = [current, wanted].map(({ files }) =>
        files.get(fileKey(label, entry.key)),
      );
      if (former === undefined || latter === undefined || former === latter) return [];
      if (known.some((one) => one.section === label && one.key === entry.key)) return [];
      const text = formatValue(entry);
      return [{ section: label, key: entry.key, from: text, to: text, reload: 'gateways' }];
    }),
  );
}

function toldOf({ reload: _, ...told }: Change): SettingChange {
  return told;
}

function rolesOf(changes: readonly Change[]): ReadonlySet<Role> {
  const needed = new Set(changes.map(({ reload }) => reload));
  const roles: Role[] = [];
  if (needed.has('executors')) roles.push('executor');
  if (needed.has('gateways')) roles.push('gateway');
  return new Set(roles);
}
