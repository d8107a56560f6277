/**
 * The keywords of JSON Schema that values are checked by, each as a function from its value to a check. Pure.
 *
 * As the standard says, a keyword about one kind of value lets all others pass.
 */
import type { Json } from '../protocol/json.ts';

export type Report = (path: string, problem: string) => void;
export type Check = (value: Json, path: string, report: Report) => void;

/** How a keyword compiles the schemas in it. */
export interface Compile {
  /** One that judges the same value. */
  readonly here: (schema: Json, key: string) => Check;
  /** One that judges a part of it. */
  readonly inside: (schema: Json, key: string) => Check;
  /** The schema that the keyword stands in. */
  readonly whole: JsonObject;
}

/** @param place of the keyword in the document, for messages */
type Keyword = (value: Json, compile: Compile, place: string) => Check;
type JsonObject = Readonly<Record<string, Json>>;

/** Why a schema cannot be used. */
export class SchemaProblem extends Error {}

const TYPES: Readonly<Record<string, (value: Json) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  array: (value) => Array.isArray(value),
  object: isObject,
};

const JUDGES: Readonly<Record<string, Keyword>> = {
  type: (value, _, place) => {
    const names = Array.isArray(value) ? value : [value];
    const kinds = names.map(
      (name) => TYPES[String(name)] ?? refuse(place, 'a type of JSON Schema'),
    );
    const words = names.join(' or ');
    return (given, path, report) => {
      if (!kinds.some((isOne) => isOne(given)))
        report(path, `expected ${words}, got ${kindOf(given)}`);
    };
  },
  const: (value) => (given, path, report) => {
    if (!isSame(given, value)) report(path, `expected ${show(value)}`);
  },
  enum: (value, _, place) => {
    const values = listOf(value, place);
    return (given, path, report) => {
      if (values.some((one) => isSame(given, one))) return;
      report(path, `expected one of ${values.map(show).join(', ')}`);
    };
  },
};

const NUMBERS: Readonly<Record<string, Keyword>> = {
  minimum: ofNumber((given, bound) => given >= bound, 'at least'),
  maximum: ofNumber((given, bound) => given <= bound, 'at most'),
  exclusiveMinimum: ofNumber((given, bound) => given > bound, 'more than'),
  exclusiveMaximum: ofNumber((given, bound) => given < bound, 'less than'),
  multipleOf: ofNumber((given, bound) => Number.isInteger(given / bound), 'a multiple of'),
};

const TEXTS: Readonly<Record<string, Keyword>> = {
  minLength: ofCount(charactersOf, (count, bound) => count >= bound, 'at least N characters'),
  maxLength: ofCount(charactersOf, (count, bound) => count <= bound, 'at most N characters'),
  pattern: (value, _, place) => {
    const pattern = patternOf(value, place);
    return (given, path, report) => {
      if (typeof given === 'string' && !pattern.test(given)) report(path, `expected ${pattern}`);
    };
  },
};

const ARRAYS: Readonly<Record<string, Keyword>> = {
  minItems: ofCount(itemsOf, (count, bound) => count >= bound, 'at least N items'),
  maxItems: ofCount(itemsOf, (count, bound) => count <= bound, 'at most N items'),
  uniqueItems: (value) => (given, path, report) => {
    if (value !== true || !Array.isArray(given)) return;
    const texts = new Set(given.map(sortedText));
    if (texts.size < given.length) report(path, 'expected items that differ');
  },
  prefixItems: (value, compile, place) => {
    const checks = listOf(value, place).map((one, n) => compile.inside(one, `prefixItems/${n}`));
    return (given, path, report) => {
      if (!Array.isArray(given)) return;
      for (const [n, check] of checks.entries()) {
        if (n < given.length) check(given[n] as Json, `${path}.${n}`, report);
      }
    };
  },
  items: (value, compile) => {
    const check = compile.inside(value, 'items');
    const { prefixItems } = compile.whole;
    const start = Array.isArray(prefixItems) ? prefixItems.length : 0;
    return (given, path, report) => {
      if (!Array.isArray(given)) return;
      for (let n = start; n < given.length; n += 1) check(given[n] as Json, `${path}.${n}`, report);
    };
  },
};

const OBJECTS: Readonly<Record<string, Keyword>> = {
  minProperties: ofCount(keysOf, (count, bound) => count >= bound, 'at least N fields'),
  maxProperties: ofCount(keysOf, (count, bound) => count <= bound, 'at most N fields'),
  required: (value, _, place) => {
    const names = listOf(value, place).map(String);
    return (given, path, report) => {
      if (!isObject(given)) return;
      for (const name of names) if (!Object.hasOwn(given, name)) report(path, `${name} is missing`);
    };
  },
  properties: (value, compile, place) => {
    const checks = Object.entries(objectOf(value, place)).map(
      ([name, schema]) => [name, compile.inside(schema, `properties/${name}`)] as const,
    );
    return (given, path, report) => {
      if (!isObject(given)) return;
      for (const [name, check] of checks) {
        if (Object.hasOwn(given, name)) check(given[name] as Json, `${path}.${name}`, report);
      }
    };
  },
  additionalProperties: (value, compile) => {
    const check = compile.inside(value, 'additionalProperties');
    const { properties } = compile.whole;
    const known = new Set(isObject(properties ?? null) ? Object.keys(properties as object) : []);
    return (given, path, report) => {
      if (!isObject(given)) return;
      for (const [name, one] of Object.entries(given)) {
        if (!known.has(name)) check(one, `${path}.${name}`, report);
      }
    };
  },
};

const LOGIC: Readonly<Record<string, Keyword>> = {
  allOf: (value, compile, place) => {
    const checks = schemasOf('allOf', value, compile, place);
    return (given, path, report) => {
      for (const check of checks) check(given, path, report);
    };
  },
  anyOf: (value, compile, place) => {
    const checks = schemasOf('anyOf', value, compile, place);
    return (given, path, report) => {
      if (!checks.some((check) => fits(check, given))) report(path, 'fits none of anyOf');
    };
  },
  oneOf: (value, compile, place) => {
    const checks = schemasOf('oneOf', value, compile, place);
    return (given, path, report) => {
      const count = checks.filter((check) => fits(check, given)).length;
      if (count !== 1) report(path, `fits ${count} of oneOf, expected 1`);
    };
  },
  not: (value, compile) => {
    const check = compile.here(value, 'not');
    return (given, path, report) => {
      if (fits(check, given)) report(path, 'fits what it must not');
    };
  },
};

export const KEYWORDS: Readonly<Record<string, Keyword>> = {
  ...{ ...JUDGES, ...NUMBERS, ...TEXTS },
  ...{ ...ARRAYS, ...OBJECTS, ...LOGIC },
};

function ofNumber(holds: (given: number, bound: number) => boolean, words: string): Keyword {
  return (value, _, place) => {
    if (typeof value !== 'number') return refuse(place, 'a number');
    return (given, path, report) => {
      if (typeof given === 'number' && !holds(given, value)) {
        report(path, `expected ${words} ${value}, got ${given}`);
      }
    };
  };
}

/** @param measure undefined for a value that the keyword is not about */
function ofCount(
  measure: (given: Json) => number | undefined,
  holds: (count: number, bound: number) => boolean,
  words: string,
): Keyword {
  return (value, _, place) => {
    if (!Number.isInteger(value) || Number(value) < 0) return refuse(place, 'a whole number');
    return (given, path, report) => {
      const count = measure(given);
      if (count === undefined || holds(count, Number(value))) return;
      report(path, `expected ${words.replace('N', String(value))}, got ${count}`);
    };
  };
}

function fits(check: Check, given: Json): boolean {
  let isFine = true;
  check(given, '', () => {
    isFine = false;
  });
  return isFine;
}

function schemasOf(
  keyword: string,
  value: Json,
  compile: Compile,
  place: string,
): readonly Check[] {
  return listOf(value, place).map((one, n) => compile.here(one, `${keyword}/${n}`));
}

function listOf(value: Json, place: string): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : refuse(place, 'an array');
}

function objectOf(value: Json, place: string): JsonObject {
  return isObject(value) ? value : refuse(place, 'an object');
}

function patternOf(value: Json, place: string): RegExp {
  try {
    return new RegExp(String(value), 'u');
  } catch {
    // What is wrong with it is told by where it stands.
    return refuse(place, 'a regular expression');
  }
}

function refuse(place: string, expected: string): never {
  throw new SchemaProblem(`${place}: expected ${expected}`);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function charactersOf(given: Json): number | undefined {
  return typeof given === 'string' ? [...given].length : undefined;
}

function itemsOf(given: Json): number | undefined {
  return Array.isArray(given) ? given.length : undefined;
}

function keysOf(given: Json): number | undefined {
  return isObject(given) ? Object.keys(given).length : undefined;
}

function isSame(one: Json, other: Json): boolean {
  return sortedText(one) === sortedText(other);
}

/** The same text for the same value, in whichever order its fields stand. */
function sortedText(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(sortedText).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const fields = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${sortedText(value[key] as Json)}`);
  return `{${fields.join(',')}}`;
}

function show(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function kindOf(value: Json): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
