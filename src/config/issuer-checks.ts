/**
 * Checks of [auth] and [issuer:NAME] that take more than one value: each issuer has one source of keys, and a
 * token has one issuer. Pure.
 */
import type { ConfigProblem, Origin } from './origin.ts';
import type { Resolution, ResolvedEntry, ResolvedSection } from './resolve.ts';

export function checkIssuers({ sections, problems }: Resolution): readonly ConfigProblem[] {
  const auth = sections.filter(({ section }) => section.definition.name === 'auth');
  const issuers = sections
    .filter(({ section }) => section.definition.name === 'issuer')
    // A value that cannot be read counts as none, and its own problem says enough.
    .filter(({ section }) => !problems.some(({ text }) => text.startsWith(`[${section.label}] `)));
  return [
    ...[...auth, ...issuers].flatMap(checkOneSource),
    ...issuers.flatMap(checkComplete),
    ...checkDistinct([...auth, ...issuers]),
  ];
}

function checkOneSource(section: ResolvedSection): readonly ConfigProblem[] {
  const url = given(section, 'jwksUrl');
  if (url === undefined || given(section, 'publicKeyFile') === undefined) return [];
  return [
    problem(section, url.origin, 'jwksUrl: there is also a publicKeyFile: keep one of the two'),
  ];
}

function checkComplete(section: ResolvedSection): readonly ConfigProblem[] {
  const origin = section.entries.find((entry) => entry.origin.kind !== 'default')?.origin;
  const at = origin ?? { kind: 'default' };
  const issuer = given(section, 'issuer');
  const source = given(section, 'publicKeyFile') ?? given(section, 'jwksUrl');
  const wantsIssuer = 'issuer: expected the iss claim of its tokens, got nothing';
  const wantsSource = 'publicKeyFile: expected a key file or a jwksUrl, got neither';
  return [
    ...(issuer === undefined ? [problem(section, at, wantsIssuer)] : []),
    ...(source === undefined ? [problem(section, at, wantsSource)] : []),
  ];
}

function checkDistinct(sections: readonly ResolvedSection[]): readonly ConfigProblem[] {
  const owners = new Map<unknown, string>();
  return sections.flatMap((section) => {
    const issuer = given(section, 'issuer');
    if (issuer === undefined) return [];
    const owner = owners.get(issuer.value);
    if (owner === undefined) owners.set(issuer.value, section.section.label);
    const text = `issuer: [${owner}] has this issuer already; a token must have one`;
    return owner === undefined ? [] : [problem(section, issuer.origin, text)];
  });
}

/** Undefined for what is empty, too. */
function given({ entries }: ResolvedSection, key: string): ResolvedEntry | undefined {
  return entries.find((entry) => entry.key === key && (entry.value ?? '') !== '');
}

function problem({ section }: ResolvedSection, origin: Origin, text: string): ConfigProblem {
  return { origin, text: `[${section.label}] ${text}` };
}
