/**
 * The strict scan of a configuration file: text in, entries and problems with line numbers out.
 *
 * Pure, and it runs before `ini` reads any value, because `ini` skips lines that it cannot match, lets
 * a later duplicate win and cuts values. It reports all problems, not only the first, and never shows a value.
 */
import { findKey, findSection, type KeyReference, type SectionReference } from './keys.ts';
import { scanValue } from './value-scanner.ts';

export interface ScannedEntry {
  readonly line: number;
  readonly section: SectionReference;
  readonly key: KeyReference;
  /** The whole line, for `ini` to read. */
  readonly text: string;
}

interface LineProblem {
  readonly line: number;
  readonly text: string;
}

export interface Scan {
  readonly sections: readonly SectionReference[];
  readonly entries: readonly ScannedEntry[];
  readonly problems: readonly LineProblem[];
}

type Line =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'entry'; readonly key: string; readonly raw: string }
  | { readonly kind: 'broken'; readonly problem: string };

export function scanLines(text: string): Scan {
  const scanner = new LineScanner();
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  for (const [index, line] of lines.entries()) scanner.take(line, index + 1);
  return scanner.result();
}

/** Sorts one line into the four kinds. Exported for the tests that hold it against `ini`. */
export function classifyLine(text: string): Line {
  const trimmed = text.trim();
  if (trimmed === '' || /^[;#]/.test(trimmed)) return { kind: 'nothing' };
  if (trimmed.startsWith('[')) return classifyHeader(text);
  if (/[\u2028\u2029]/.test(text)) {
    return broken('the line holds an invisible line separator (U+2028 or U+2029); remove it');
  }
  const equals = text.indexOf('=');
  if (equals < 0) return broken('expected "key = value", a [section] or a comment');
  const key = text.slice(0, equals).trim();
  if (key === '') return broken('expected a key before "="');
  if (key.endsWith('[]')) {
    return broken(`${key}: lists are not written with []; write one line with commas`);
  }
  if (key.includes('__proto__')) return broken('a key must not be called __proto__');
  return { kind: 'entry', key, raw: text.slice(equals + 1) };
}

function classifyHeader(text: string): Line {
  const name = /^\[([^\]]*)\]\s*$/.exec(text)?.[1];
  if (name === undefined) {
    return broken(
      'a [section] must start its line and stand alone on it; move a comment to a line of its own',
    );
  }
  if (name.trim() === '__proto__') return broken('a section must not be called __proto__');
  return { kind: 'header', name: name.trim() };
}

function broken(problem: string): Line {
  return { kind: 'broken', problem };
}

class LineScanner {
  readonly #sections = new Map<string, { line: number; section: SectionReference }>();
  readonly #keys = new Map<string, number>();
  readonly #entries: ScannedEntry[] = [];
  readonly #problems: LineProblem[] = [];
  /** `skipped`: below a header that was not understood, whose keys would only repeat the problem. */
  #current: SectionReference | 'none' | 'skipped' = 'none';

  take(text: string, line: number): void {
    const classified = classifyLine(text);
    switch (classified.kind) {
      case 'nothing':
        return;
      case 'broken':
        if (text.trim().startsWith('[')) this.#current = 'skipped';
        this.#report(line, classified.problem);
        return;
      case 'header':
        this.#takeHeader(classified.name, line);
        return;
      case 'entry':
        this.#takeEntry(classified, { text, line });
    }
  }

  result(): Scan {
    const sections = [...this.#sections.values()].map(({ section }) => section);
    return { sections, entries: this.#entries, problems: this.#problems };
  }

  #takeHeader(name: string, line: number): void {
    const lookup = findSection(name);
    if ('problem' in lookup) {
      this.#current = 'skipped';
      this.#report(line, lookup.problem);
      return;
    }
    const id = lookup.found.label.toLowerCase();
    const first = this.#sections.get(id);
    this.#current = first?.section ?? lookup.found;
    if (first === undefined) this.#sections.set(id, { line, section: lookup.found });
    else
      this.#report(line, `section [${name}] is already there on line ${first.line}; merge the two`);
  }

  #takeEntry(entry: { key: string; raw: string }, place: { text: string; line: number }): void {
    if (this.#current === 'skipped') return;
    const section = this.#current;
    if (section === 'none') {
      this.#report(place.line, `key ${entry.key} stands before any [section]`);
      return;
    }
    const scanned = scanValue(entry.raw);
    if ('problem' in scanned)
      this.#report(place.line, `[${section.label}] ${entry.key}: ${scanned.problem}`);
    const lookup = findKey(section, entry.key);
    if ('problem' in lookup) {
      this.#report(place.line, lookup.problem);
      return;
    }
    const first = this.#rememberKey(section, lookup.found, place.line);
    if (first !== undefined) {
      this.#report(
        place.line,
        `[${section.label}] ${entry.key} is already set on line ${first}; remove one of the two`,
      );
    } else if (!('problem' in scanned)) {
      this.#entries.push({ line: place.line, section, key: lookup.found, text: place.text });
    }
  }

  /** The line of an earlier entry of the same key, if there is one. */
  #rememberKey(section: SectionReference, { key }: KeyReference, line: number): number | undefined {
    const id = `${section.label} ${key}`;
    const first = this.#keys.get(id);
    if (first === undefined) this.#keys.set(id, line);
    return first;
  }

  #report(line: number, text: string): void {
    this.#problems.push({ line, text });
  }
}
