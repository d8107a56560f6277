import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fenceKey, Outbox } from '../../src/executor/outbox.ts';
import type { Fence } from '../../src/protocol/execute.ts';

const first: Fence = { id: '1', attempt: 1 };
const second: Fence = { id: '2', attempt: 3 };

function text({ id, attempt }: Fence): string {
  return JSON.stringify({ id, attempt });
}

function ended(...fences: readonly Fence[]): string {
  return `{"kind":"ended","outcomes":[${fences.map(text).join(',')}]}`;
}

/** An outbox on a connection that remembers what it was given. */
function openOutbox() {
  const outbox = new Outbox();
  const sent: string[] = [];
  const open = (): void => outbox.open((one) => sent.push(one));
  return { outbox, sent, open };
}

describe('Outbox', () => {
  it('sends an outcome once on a connection, and again on the next until it is confirmed', () => {
    const { outbox, sent, open } = openOutbox();
    open();
    outbox.ended(first, text(first));
    outbox.ended(second, text(second));
    outbox.flush();
    outbox.flush();
    expect(sent.splice(0)).toEqual([ended(first, second)]);
    outbox.confirmed([first]);
    outbox.shut();
    open();
    expect(sent.splice(0)).toEqual([ended(second)]);
    outbox.confirmed([second]);
    outbox.shut();
    open();
    expect(sent).toEqual([]);
  });

  it('keeps what ends while there is no connection, in its order, and sends it once', () => {
    const { outbox, sent, open } = openOutbox();
    outbox.ended(first, text(first));
    outbox.shut();
    outbox.ended(second, text(second));
    expect(outbox.unconfirmed()).toEqual([first, second]);
    open();
    outbox.flush();
    expect(sent).toEqual([ended(first, second)]);
  });

  it('does not send what the core has told it to forget', () => {
    const { outbox, sent, open } = openOutbox();
    outbox.ended(first, text(first));
    outbox.ended(second, text(second));
    outbox.discard(first);
    open();
    expect(sent).toEqual([ended(second)]);
    expect(outbox.has(fenceKey(first))).toBe(false);
    expect(outbox.has(fenceKey(second))).toBe(true);
  });

  it('keeps the text alone of what it is given, not the payload', () => {
    const { outbox } = openOutbox();
    outbox.ended({ ...first, payload: 'large' } as Fence, text(first));
    expect(outbox.unconfirmed()).toEqual([first]);
  });
});

describe('fenceKey', () => {
  it('differs for any two attempts', () => {
    // As the core makes them, and other programs that speak for it: never with a NUL at their beginning.
    const id = fc.string({ minLength: 1, maxLength: 4 }).filter((one) => !one.startsWith('\0'));
    const awkward = fc.constantFrom('1', '2', '1/1', '2/1', '1/2', '2/2/1');
    const fence = fc.record({ id: fc.oneof(id, awkward), attempt: fc.integer({ min: 1, max: 3 }) });
    fc.assert(
      fc.property(fence, fence, (one, other) => {
        const same = one.id === other.id && one.attempt === other.attempt;
        expect(fenceKey(one) === fenceKey(other)).toBe(same);
      }),
      { numRuns: 2_000 },
    );
  });
});
