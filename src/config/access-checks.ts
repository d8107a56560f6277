/** Checks of [access] that take more than one value: whoever is to be asked needs an address. Pure. */
import type { ConfigProblem } from './origin.ts';
import type { Resolution } from './resolve.ts';

export function checkAccess({ sections, problems }: Resolution): readonly ConfigProblem[] {
  const entries = sections.find(({ section }) => section.definition.name === 'access')?.entries;
  const asking = entries?.find(({ value }) => value === 'hook');
  const url = entries?.find(({ key }) => key === 'hookUrl');
  if (asking === undefined || (url?.value ?? null) !== null) return [];
  // One that cannot be read has a problem of its own.
  if (problems.some(({ text }) => text.startsWith('[access] hookUrl'))) return [];
  const text = `[access] ${asking.key}: \`hook\` asks the service at hookUrl, and there is none: set hookUrl`;
  return [{ origin: asking.origin, text }];
}
