import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type LogRow, renderLogEvents, toLogEvent } from '../../src/log/event-log.ts';

const ROW: LogRow = {
  type: 'datasetUpdate',
  id: '610217e481f6fc54736209e0',
  seq: '42',
  prev: '7',
  at: Date.UTC(2026, 10, 21, 21, 40, 5, 174),
  kind: 'event',
  data: '[{"rows":3}]',
};

it('shows a row as the event that subscribers get, and nothing of its kind', () => {
  expect(toLogEvent(ROW)).toEqual({
    type: 'datasetUpdate',
    id: '610217e481f6fc54736209e0',
    data: [{ rows: 3 }],
    seq: '42',
    prev: '7',
    at: '2026-11-21T21:40:05.174Z',
  });
  expect(toLogEvent({ ...ROW, prev: null }).prev).toBeNull();
});

it('renders the very text that JSON.stringify would make', () => {
  const row = fc.record({
    type: fc.string({ unit: 'binary' }),
    id: fc.string({ unit: 'binary' }),
    data: fc.array(fc.jsonValue()).map((data) => JSON.stringify(data)),
    seq: fc.nat().map(String),
    prev: fc.option(fc.nat().map(String)),
    at: fc.nat({ max: 4_000_000_000_000 }),
    kind: fc.constantFrom('event', 'state', 'end'),
  });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 3 }), (rows) => {
      const texts = rows.map((one) => JSON.stringify(toLogEvent(one)));
      expect(renderLogEvents(rows)).toEqual(texts);
    }),
  );
});
