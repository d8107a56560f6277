import { describe, expect, it } from 'vitest';
import { parseFromChild } from '../../src/supervisor/child-message.ts';

describe('parseFromChild', () => {
  it('reads the messages of the protocol', () => {
    expect(parseFromChild({ kind: 'state', state: 'ready' })).toEqual({
      kind: 'state',
      state: 'ready',
    });
    const fatal = { kind: 'fatal', code: 'E_PORT_IN_USE', message: 'port 1 is taken' };
    expect(parseFromChild(fatal)).toEqual(fatal);
    expect(parseFromChild({ ...fatal, hint: 'Use another.' })).toEqual({
      ...fatal,
      hint: 'Use another.',
    });
  });

  it.each([
    'ready',
    null,
    undefined,
    7,
    {},
    { kind: 'state', state: 'stopped' },
    { kind: 'fatal', code: 'E_NO_SUCH', message: 'm' },
    { kind: 'fatal', code: 'E_IO' },
  ])('ignores %j, which a handler may have sent', (value) => {
    expect(parseFromChild(value)).toBeUndefined();
  });
});
