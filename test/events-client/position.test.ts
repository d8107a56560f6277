import { describe, expect, it } from 'vitest';
import { isAfter, Position } from '../../src/events-client/position.ts';

const at = (id: string, seq: string, prev: string | null = null) => ({ id, seq, prev });

describe('a position', () => {
  it('takes what comes after it, and nothing again', () => {
    const position = new Position({ seq: '9' });
    expect(position.judge(at('a', '9'))).toBe('repeat');
    expect(position.judge(at('a', '10', '8'))).toBe('deliver');
    position.pass(at('a', '10', '8'), true, 'e');
    expect(position.judge(at('a', '10', '8'))).toBe('repeat');
    expect(position.stand).toEqual({ seq: '10', epoch: 'e' });
  });

  it('knows by `prev` that an event of the same object is missing', () => {
    const position = new Position({ seq: '9' });
    expect(position.judge(at('a', '12', '10'))).toBe('missing');
    expect(position.judge(at('a', '12', '9'))).toBe('deliver');
  });

  it('takes anything before it knows where it stands, and after a leap', () => {
    const position = new Position();
    expect(position.judge(at('a', '3', '2'))).toBe('deliver');
    position.pass(at('a', '3', '2'), true, 'e');
    position.leap();
    expect(position.judge(at('a', '2', '1'))).toBe('deliver');
    expect(position.stand).toEqual({ seq: '3', epoch: 'e' });
  });

  it('keeps each object in order where the history of one runs ahead of what is live', () => {
    const position = new Position({ seq: '50', epoch: 'e' });
    position.pass(at('one', '100'), false, 'e');
    position.tidy();
    expect(position.judge(at('two', '60'))).toBe('deliver');
    position.pass(at('two', '60'), true, 'e');
    expect(position.judge(at('one', '100'))).toBe('repeat');
    expect(position.stand?.seq).toBe('60');
    expect(position.judge(at('one', '101', '100'))).toBe('deliver');
  });

  it('does not go back with what is repeated', () => {
    const position = new Position({ seq: '50', epoch: 'e' });
    position.pass(at('one', '100'), false, 'e');
    position.pass(at('one', '90'), false, 'e');
    expect(position.judge(at('one', '95'))).toBe('repeat');
    position.reach('40');
    expect(position.stand?.seq).toBe('50');
  });

  it('learns which log it belongs to', () => {
    const position = new Position({ seq: '5' });
    position.reach('5', 'k3f9');
    expect(position.stand).toEqual({ seq: '5', epoch: 'k3f9' });
  });
});

describe('the order of positions', () => {
  it('is that of numbers of any length', () => {
    expect(isAfter('10', '9')).toBe(true);
    expect(isAfter('9', '10')).toBe(false);
    expect(isAfter('9', '9')).toBe(false);
    expect(isAfter('9007199254740993', '9007199254740992')).toBe(true);
  });
});
