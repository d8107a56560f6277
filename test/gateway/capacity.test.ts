import { pino } from 'pino';
import { expect, it } from 'vitest';
import { Admission } from '../../src/gateway/admission.ts';
import { decideCapacity, isCutShort } from '../../src/gateway/capacity.ts';

const UNLIMITED = Number.POSITIVE_INFINITY;

it.each([
  [20_000, 0, { connections: 18_000, sockets: 19_000 }],
  [1_024, 0, { connections: 896, sockets: 960 }],
  [20_000, 500, { connections: 500, sockets: 1_500 }],
  [20_000, 1_000_000, { connections: 18_000, sockets: 19_000 }],
  [UNLIMITED, 0, { connections: UNLIMITED, sockets: UNLIMITED }],
  [UNLIMITED, 500, { connections: 500, sockets: 564 }],
  [64, 0, { connections: 1, sockets: 65 }],
])('of %d descriptors and maxConnections = %d: %o', (descriptors, maxConnections, capacity) => {
  expect(decideCapacity(descriptors, maxConnections)).toEqual(capacity);
});

it('is cut short only where more was asked for than there are descriptors for', () => {
  expect(isCutShort(decideCapacity(1_024, 2_000), 2_000)).toBe(true);
  expect(isCutShort(decideCapacity(1_024, 500), 500)).toBe(false);
  expect(isCutShort(decideCapacity(1_024, 0), 0)).toBe(false);
});

it('is told at the start, and who is refused in one line for many', () => {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line));
  let nowMono = 0;
  const log = pino({ base: {} }, { write });
  const admission = new Admission({ maxConnections: 2_000 }, 1_024, log, () => nowMono);
  admission.announce();
  for (let n = 0; n < 5; n += 1) admission.refuse(897);
  nowMono += 10_000;
  admission.refuse(897);
  expect(admission.room).toEqual({ room: 896, refusedTotal: 6 });
  expect(lines).toMatchObject([
    { msg: 'room for connections', descriptors: 1_024, connections: 896 },
    { level: 40, msg: 'fewer connections than maxConnections', maxConnections: 2_000 },
    { level: 40, msg: 'connections refused: no room for more', refused: 1, sockets: 897 },
    { level: 40, msg: 'connections refused: no room for more', refused: 5 },
  ]);
});
