import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ReceivedEvent, ReceivedVolatile, readEvent } from '../../src/client/received-event.ts';
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

const isPlain = ({ type, id }: LogRow): boolean =>
  !/["\\]/.test(JSON.stringify([type, id]).replace(/^\["|","|"\]$/g, ''));

it('reads of each row what parsing it would, or says that it cannot tell', () => {
  fc.assert(
    fc.property(rows, (row) => {
      const [text = ''] = renderLogEvents([row]);
      const event = readEvent(text);
      if (!isPlain(row) && event === undefined) return;
      expect(event).toMatchObject(JSON.parse(text));
      expect(event).toBeInstanceOf(ReceivedEvent);
    }),
    { numRuns: 2_000 },
  );
});

it('reads of an event that is only live that it has no place in the log', () => {
  fc.assert(
    fc.property(rows, (row) => {
      const [text = ''] = renderLogEvents([{ ...row, seq: null, prev: null }]);
      const event = readEvent(text);
      if (!isPlain(row) && event === undefined) return;
      expect(event).toBeInstanceOf(ReceivedVolatile);
      expect(event).toMatchObject(JSON.parse(text));
      expect(event).not.toHaveProperty('seq');
    }),
    { numRuns: 2_000 },
  );
});

it('finds the end of the data, which is where a push of v1 ends', () => {
  fc.assert(
    fc.property(rows, fc.boolean(), (row, isLive) => {
      const rest = isLive ? { seq: null, prev: null } : {};
      const [text = ''] = renderLogEvents([{ ...row, ...rest }]);
      const event = readEvent(text);
      if (event === undefined) return;
      const { type, id } = row;
      const push = JSON.stringify({ type, id, data: JSON.parse(row.data) });
      expect(`${text.slice(0, event.dataEnd)}}`).toBe(push);
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
      const event = readEvent(text);
      if (event !== undefined) expect(event).toMatchObject(JSON.parse(text));
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
  expect(readEvent(text)).toBeUndefined();
});
