/** Which commands somebody may have meant who wrote another word. Pure; loads no command. */
import { didYouMean } from '../config/did-you-mean.ts';
import { COMMANDS, GROUPS } from './command-table.ts';

/**
 * @param before the words in front that are right: none, or a group
 * @param word the first one that is not
 * @param after what follows, in case that the words are in another order
 * @returns as one would type them behind `taskbell`, the likeliest first
 */
export function suggestCommands(
  before: readonly string[],
  word: string,
  after: readonly string[] = [],
): readonly string[] {
  const group = GROUPS.find(({ name }) => name === before[0]);
  if (group !== undefined) {
    const within = near(word, verbsOf(group.name));
    return within === undefined ? elsewhere(word) : [`${group.name} ${within}`];
  }
  const swapped = near(after[0] ?? '', groupNames());
  if (swapped !== undefined && verbsOf(swapped).includes(word)) return [`${swapped} ${word}`];
  const top = near(word, [...COMMANDS.map(({ name }) => name), ...groupNames()]);
  const exact = elsewhere(word);
  if (exact.length > 0 || top === undefined) return exact;
  return [withVerb(top, after[0])];
}

/** Groups that have a verb of this name: `pause` is one of `queue` and of `schedule`. */
function elsewhere(word: string): readonly string[] {
  const verbs = new Set(GROUPS.flatMap(({ verbs }) => verbs.map(({ name }) => name)));
  const verb = near(word, [...verbs]);
  if (verb === undefined) return [];
  return groupNames()
    .filter((name) => verbsOf(name).includes(verb))
    .map((name) => `${name} ${verb}`);
}

/** `jbo lst` as `job list`. */
function withVerb(name: string, verb: string | undefined): string {
  const meant = verb === undefined ? undefined : near(verb, verbsOf(name));
  return meant === undefined ? name : `${name} ${meant}`;
}

function groupNames(): readonly string[] {
  return GROUPS.map(({ name }) => name);
}

function verbsOf(group: string): readonly string[] {
  return GROUPS.find(({ name }) => name === group)?.verbs.map(({ name }) => name) ?? [];
}

function near(word: string, candidates: readonly string[]): string | undefined {
  const swapped = candidates.find((candidate) => letters(candidate) === letters(word));
  const [, found] = /; did you mean (.*)\?$/.exec(didYouMean(word, candidates)) ?? [];
  return swapped ?? found;
}

/** Of `jbo` and `job` the same: the commonest slip in short words, and two changes to the other measure. */
function letters(word: string): string {
  return [...word.toLowerCase()].sort().join('');
}

/** `Did you mean "taskbell queue pause" or "taskbell schedule pause"?` */
export function askWhichCommand(suggested: readonly string[]): string | undefined {
  if (suggested.length === 0) return undefined;
  const quoted = suggested.map((command) => `\`taskbell ${command}\``);
  const last = quoted.pop();
  return `Did you mean ${quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`}?`;
}
