/** Checks of `[event:NAME]` sections that take more than one value: what is kept nowhere has no retention. Pure. */
import type { ConfigProblem } from './origin.ts';
import type { ResolvedEntry, ResolvedSection } from './resolve.ts';

export function checkEvents(sections: readonly ResolvedSection[]): readonly ConfigProblem[] {
  return sections
    .filter(({ section }) => section.definition.name === 'event')
    .flatMap(({ section, entries }) =>
      checkKeeping(entries).map(({ origin, text }) => ({
        ...{ origin, text: `[${section.label}] ${text}` },
      })),
    );
}

function checkKeeping(entries: readonly ResolvedEntry[]): readonly ConfigProblem[] {
  const isVolatile = entries.some(({ key, value }) => key === 'delivery' && value === 'volatile');
  if (!isVolatile) return [];
  return entries
    .filter(({ key, value }) => key.startsWith('retention') && (value ?? null) !== null)
    .map(({ key, origin }) => ({
      ...{
        origin,
        text: `${key}: events with delivery = volatile are not kept: remove one of the two`,
      },
    }));
}
