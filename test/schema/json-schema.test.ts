import { describe, expect, it, test } from 'vitest';
import type { Json } from '../../src/protocol/json.ts';
import { compileJsonSchema } from '../../src/schema/json-schema.ts';

const problemsOf = (schema: Json, value: Json) => compileJsonSchema(schema, 'x.json')(value);

/** Schema, a value that fits, and a value that does not. */
const CASES: readonly (readonly [schema: Json, good: Json, bad: Json])[] = [
  [{ type: 'string' }, 'a', 1],
  [{ type: ['string', 'null'] }, null, 1],
  [{ type: 'integer' }, 2, 2.5],
  [{ type: 'number' }, 2.5, '2.5'],
  [{ type: 'boolean' }, false, 0],
  [{ type: 'object' }, {}, []],
  [{ type: 'array' }, [], {}],
  [{ const: { a: 1, b: [2] } }, { b: [2], a: 1 }, { a: 1 }],
  [{ enum: ['a', 1, null] }, null, 'b'],
  [{ minimum: 3 }, 3, 2],
  [{ maximum: 3 }, 3, 4],
  [{ exclusiveMinimum: 3 }, 4, 3],
  [{ exclusiveMaximum: 3 }, 2, 3],
  [{ multipleOf: 0.5 }, 1.5, 1.2],
  [{ minLength: 2 }, '🚀🚀', '🚀'],
  [{ maxLength: 2 }, '🚀🚀', 'abc'],
  [{ pattern: '^a+$' }, 'aa', 'ab'],
  [{ minItems: 1 }, [1], []],
  [{ maxItems: 1 }, [1], [1, 2]],
  [
    { uniqueItems: true },
    [1, 2, '1'],
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
  ],
  [{ prefixItems: [{ type: 'string' }] }, ['a', 1], [1]],
  [{ prefixItems: [true], items: { type: 'number' } }, ['a', 1], ['a', 'b']],
  [{ items: false }, [], [1]],
  [{ minProperties: 1 }, { a: 1 }, {}],
  [{ maxProperties: 1 }, { a: 1 }, { a: 1, b: 2 }],
  [{ required: ['a'] }, { a: null }, { b: 1 }],
  [{ required: ['toString'] }, { toString: 1 }, {}],
  [{ properties: { a: { type: 'string' } } }, { b: 1 }, { a: 1 }],
  [{ properties: { a: true }, additionalProperties: false }, { a: 1 }, { b: 1 }],
  [{ additionalProperties: { type: 'number' } }, { a: 1 }, { a: 'x' }],
  [{ allOf: [{ minimum: 1 }, { maximum: 2 }] }, 2, 3],
  [{ anyOf: [{ type: 'string' }, { minimum: 5 }] }, 5, 4],
  [{ oneOf: [{ minimum: 1 }, { minimum: 5 }] }, 2, 6],
  [{ not: { type: 'string' } }, 1, 'a'],
  [{ $ref: '#/$defs/a~1b', $defs: { 'a/b': { type: 'string' } } }, 'a', 1],
  [
    { properties: { next: { $ref: '#' } }, additionalProperties: false },
    { next: {} },
    { next: { x: 1 } },
  ],
];

test.each(CASES)('%j takes %j and refuses %j', (schema, good, bad) => {
  expect(problemsOf(schema, good)).toEqual([]);
  expect(problemsOf(schema, bad)).not.toEqual([]);
});

it('lets values pass that a keyword is not about', () => {
  const schema = { minimum: 3, minLength: 3, minItems: 3, required: ['a'], minProperties: 3 };
  expect(problemsOf(schema, null)).toEqual([]);
});

it('says where each problem is, and no more than five', () => {
  const schema = {
    items: { type: 'object', required: ['amount'], properties: { amount: { type: 'number' } } },
  };
  expect(problemsOf(schema, [{}, { amount: 'x' }])).toEqual([
    'data.0: amount is missing',
    'data.1.amount: expected number, got string',
  ]);
  expect(problemsOf(schema, [1, 1, 1, 1, 1, 1, 1])).toHaveLength(5);
});

it('passes over what is a note to readers', () => {
  const notes = { title: 'T', description: 'D', examples: [1], format: 'email', $comment: 'c' };
  expect(
    problemsOf({ $schema: 'https://json-schema.org/draft/2020-12/schema', ...notes }, 1),
  ).toEqual([]);
});

describe('a schema is refused', () => {
  it.each<readonly [Json, RegExp]>([
    [{ patternProperties: {} }, /# *: patternProperties is not supported/],
    [{ items: { if: true } }, /#\/items: if is not supported/],
    [{ constructor: 1 }, /constructor is not supported/],
    [{ type: 'strin' }, /#\/type: expected a type of JSON Schema/],
    [{ minimum: '3' }, /#\/minimum: expected a number/],
    [{ minLength: -1 }, /expected a whole number/],
    [{ pattern: '(' }, /expected a regular expression/],
    [{ enum: 'a' }, /expected an array/],
    [{ properties: [] }, /expected an object/],
    [{ items: 3 }, /#\/items: expected an object, true or false/],
    [{ $ref: 'https://example.org/x' }, /inside of the document/],
    [{ $ref: '#/$defs/none' }, /#\/\$defs\/none is not in the document/],
    [{ $ref: '#' }, /refers to itself without end/],
    [
      {
        $ref: '#/$defs/a',
        $defs: {
          a: { properties: { x: { $ref: '#/$defs/b' } }, allOf: [{ $ref: '#/$defs/b' }] },
          b: { anyOf: [{ $ref: '#/$defs/a' }] },
        },
      },
      /refers to itself without end/,
    ],
  ])('that says %j', (schema, message) => {
    expect(() => compileJsonSchema(schema, 'x.json')).toThrow(message);
    expect(() => compileJsonSchema(schema, 'x.json')).toThrow(
      /The JSON Schema x.json cannot be used/,
    );
  });
});
