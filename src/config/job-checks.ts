/**
 * Checks of `[job:NAME]` sections that take more than one value: one handler a type, headers that a web
 * hook's request can carry. Pure.
 */
import type { ConfigProblem } from './origin.ts';
import type { ResolvedEntry, ResolvedSection } from './resolve.ts';

/** What says where a request goes and where its body ends, and what its signature stands in. */
const OWN_HEADERS =
  /^(?:host|connection|content-(?:length|type)|expect|keep-alive|te|trailer|transfer-encoding|upgrade|webhook-.*)$/i;
/** RFC 9110, 5.5; Node refuses the same. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const HEADER = 'header.';

export function checkJobs(sections: readonly ResolvedSection[]): readonly ConfigProblem[] {
  return sections
    .filter(({ section }) => section.definition.name === 'job')
    .flatMap(({ section, entries }) => {
      const problems = [...checkOneHandler(entries), ...entries.flatMap(checkHeader)];
      return problems.map(({ origin, text }) => ({ origin, text: `[${section.label}] ${text}` }));
    });
}

function checkOneHandler(entries: readonly ResolvedEntry[]): readonly ConfigProblem[] {
  const given = (key: string) =>
    entries.find((entry) => entry.key === key && (entry.value ?? null) !== null);
  const url = given('url');
  if (url === undefined || given('command') === undefined) return [];
  return [{ origin: url.origin, text: 'url: there is also a command: keep one of the two' }];
}

function checkHeader({ key, value, origin }: ResolvedEntry): readonly ConfigProblem[] {
  if (!key.startsWith(HEADER)) return [];
  if (OWN_HEADERS.test(key.slice(HEADER.length))) {
    return [{ origin, text: `${key}: Taskbell writes this header itself: remove the line` }];
  }
  if (HEADER_VALUE.test(String(value))) return [];
  return [{ origin, text: `${key}: expected Latin-1 without control characters` }];
}
