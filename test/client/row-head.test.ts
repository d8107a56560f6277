import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readRowHead } from '../../src/client/row-head.ts';
import { type LogRow, renderLogEvents } from '../../src/log/event-log.ts';

// What could be taken for the end of a row, or for its beginning.
const traps = fc.constantFrom(
  ',"seq":"1","prev":null,"at":"x"}',
  '","seq":"1","prev":"0","at":"2026"}',
  '{"type":"job","id":"1","data":[',
  '\\',
  '"',
);
const texts = fc.oneof(
  traps,
  fc.string({ maxLength: 8 }),
  fc.constantFrom('job', '1042', 'ä', '€'),
);
const data = fc.array(
  fc.oneof(
    texts,
    fc.jsonValue(),
    fc.dictionary(texts, texts),
    fc.record({ seq: texts, prev: fc.constant(null), at: texts }),
  ),
  { maxLength: 3 },
);
const rows: fc.Arbitrary<LogRow> = fc.record({
  type: texts,
  id: texts,
  seq: fc.nat().map(String),
  prev: fc.option(fc.nat().map(String)),
  at: fc.nat(),
  kind: fc.constantFrom('event', 'state', 'end'),
  data: data.map((value) => JSON.stringify(value)),
});

it('reads of each row what parsing it would, or says that it cannot tell', () => {
  fc.assert(
    fc.property(rows, (row) => {
      const [text = ''] = renderLogEvents([row]);
      const { type, id, seq, prev } = JSON.parse(text);
      const head = readRowHead(text);
      const isPlain = !/["\\]/.test(
        JSON.stringify([row.type, row.id]).replace(/^\["|","|"\]$/g, ''),
      );
      if (isPlain || head !== undefined) expect(head).toEqual({ type, id, seq, prev });
    }),
    { numRuns: 2_000 },
  );
});

it('does not take another message for a row, whatever is in it', () => {
  const fields = fc.record({ type: texts, id: texts, data, seq: texts, prev: texts, at: texts });
  const messages = fc
    .tuple(
      fields,
      fc.shuffledSubarray(['type', 'id', 'data', 'seq', 'prev', 'at', 'more'] as const),
    )
    .map(([values, keys]) =>
      JSON.stringify(Object.fromEntries(keys.map((key) => [key, { more: 1, ...values }[key]]))),
    );
  fc.assert(
    fc.property(messages, (text) => {
      const head = readRowHead(text);
      if (head === undefined) return;
      const { type, id, seq, prev } = JSON.parse(text);
      expect(head).toEqual({ type, id, seq, prev });
    }),
    { numRuns: 5_000 },
  );
});

it.each([
  ['no JSON', 'not json'],
  ['a reply', '{"status":200,"message":"Ok","code":0,"seq":"1","epoch":"e","recovered":true}'],
  ['a sync', '{"action":"sync","seq":"1"}'],
  ['keys in another order', '{"id":"1","type":"job","data":[],"seq":"1","prev":null,"at":"x"}'],
  ['an escaped id', '{"type":"job","id":"\\u0031","data":[],"seq":"1","prev":null,"at":"x"}'],
  ['a further key', '{"type":"job","id":"1","data":[],"seq":"1","prev":null,"at":"x","more":1}'],
])('leaves %s to be parsed', (_what, text) => {
  expect(readRowHead(text)).toBeUndefined();
});
