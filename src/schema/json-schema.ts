/**
 * Checks values against JSON Schema (draft 2020-12), for events whose data has one. Pure.
 *
 * A keyword that is not in its tables is refused when the schema is read, never passed over: who writes a rule
 * must be able to rely on it. References stay inside of the document; `format` is a note to readers.
 */
import { TaskbellError } from '../protocol/errors.ts';
import type { Json } from '../protocol/json.ts';
import { findLoop } from './reference-loop.ts';
import { type Check, type Compile, KEYWORDS, SchemaProblem } from './schema-keywords.ts';

/** @returns what is wrong, in words, each with its place; empty when the value fits */
export type Validate = (value: Json) => readonly string[];

/** Words beyond that help nobody. */
const MAX_PROBLEMS = 5;

const NOTES: ReadonlySet<string> = new Set([
  ...['$schema', '$id', '$comment', '$defs', 'title', 'description', 'default', 'examples'],
  ...['deprecated', 'readOnly', 'writeOnly', 'format'],
]);

/**
 * @param name of the document, for messages
 * @throws TaskbellError E_CONFIG that says which keyword cannot be used, and where
 */
export function compileJsonSchema(document: Json, name: string): Validate {
  try {
    const check = new Compilation(document).whole();
    return (value) => {
      const problems: string[] = [];
      check(value, 'data', (path, problem) => {
        if (problems.length < MAX_PROBLEMS) problems.push(`${path}: ${problem}`);
      });
      return problems;
    };
  } catch (cause) {
    if (!(cause instanceof SchemaProblem)) throw cause;
    throw new TaskbellError(
      'E_CONFIG',
      `The JSON Schema ${name} cannot be used: ${cause.message}.`,
      {
        hint: 'docs/events.md lists the keywords that schemas of events may use.',
        cause,
      },
    );
  }
}

/** One document on its way into checks; references are compiled once, whoever points to them. */
class Compilation {
  readonly #document: Json;
  readonly #references = new Map<string, Check | null>();
  /** From each schema that is pointed to, to those that judge the same value. */
  readonly #inPlace = new Map<string, Set<string>>();

  constructor(document: Json) {
    this.#document = document;
  }

  whole(): Check {
    const check = this.#refer('#', null);
    const loop = findLoop(this.#inPlace);
    if (loop !== undefined) throw new SchemaProblem(`${loop} refers to itself without end`);
    return check;
  }

  #compile(schema: Json, place: string, owner: string | null): Check {
    if (schema === true) return () => undefined;
    if (schema === false) return (_, path, report) => report(path, 'nothing is allowed here');
    if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
      throw new SchemaProblem(`${place}: expected an object, true or false`);
    }
    const compile: Compile = {
      here: (inner, key) => this.#compile(inner, `${place}/${key}`, owner),
      inside: (inner, key) => this.#compile(inner, `${place}/${key}`, null),
      whole: schema as Readonly<Record<string, Json>>,
    };
    const checks = Object.entries(schema).flatMap(([keyword, value]) => {
      if (NOTES.has(keyword)) return [];
      if (keyword === '$ref') return [this.#refer(referenceOf(value, place), owner)];
      const make = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined;
      if (make === undefined) throw new SchemaProblem(`${place}: ${keyword} is not supported`);
      return [make(value as Json, compile, `${place}/${keyword}`)];
    });
    return (value, path, report) => {
      for (const check of checks) check(value, path, report);
    };
  }

  #refer(reference: string, owner: string | null): Check {
    if (owner !== null) this.#edgesOf(owner).add(reference);
    if (!this.#references.has(reference)) {
      // Before it is compiled: what points to itself from inside of a value ends with the value.
      this.#references.set(reference, null);
      const target = this.#find(reference);
      this.#references.set(reference, this.#compile(target, reference, reference));
    }
    return (value, path, report) => this.#references.get(reference)?.(value, path, report);
  }

  #edgesOf(owner: string): Set<string> {
    const edges = this.#inPlace.get(owner) ?? new Set<string>();
    this.#inPlace.set(owner, edges);
    return edges;
  }

  #find(reference: string): Json {
    let found: Json | undefined = this.#document;
    for (const part of reference.split('/').slice(1)) {
      const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
      const isBranch: boolean =
        typeof found === 'object' && found !== null && Object.hasOwn(found, key);
      found = isBranch ? (found as Readonly<Record<string, Json>>)[key] : undefined;
    }
    if (found === undefined) throw new SchemaProblem(`${reference} is not in the document`);
    return found;
  }
}

function referenceOf(value: unknown, place: string): string {
  if (typeof value === 'string' && /^#(?:\/|$)/.test(value)) return value;
  throw new SchemaProblem(
    `${place}/$ref: expected a reference inside of the document, such as #/$defs/x`,
  );
}
