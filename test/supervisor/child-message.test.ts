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

  it('reads what an executor runs, and that it asks to be replaced', () => {
    const state = { kind: 'state', state: 'ready', types: ['mail'] };
    expect(parseFromChild(state)).toEqual(state);
    const replace = { kind: 'replace', rolling: true, withinMs: null, reason: 'asked for' };
    expect(parseFromChild(replace)).toEqual(replace);
    expect(parseFromChild({ ...replace, withinMs: 500 })).toEqual({ ...replace, withinMs: 500 });
  });

  it('reads that a gateway asks for the public port, and nothing of what it adds', () => {
    const asked = parseFromChild({ kind: 'open-port', address: '0.0.0.0', port: 22 });
    expect(asked).toEqual({ kind: 'open-port' });
  });

  it('reads what a child has logged, and takes neither its role nor its pid from it', () => {
    const told = { at: '2026-01-02T03:00:00.000Z', level: 'warn', component: null, problem: null };
    const trouble = { ...told, message: 'x'.repeat(1_000), role: 'core', pid: 1, more: 'no' };
    const read = parseFromChild({ kind: 'trouble', trouble });
    expect(read).toEqual({
      kind: 'trouble',
      trouble: { ...told, message: 'x'.repeat(300), role: 'executor', pid: 0 },
    });
  });

  it.each([
    { kind: 'trouble' },
    { kind: 'trouble', trouble: { level: 'info', at: '2026-01-02', message: 'm' } },
    { kind: 'trouble', trouble: { level: 'warn', at: 'soon', message: 'm' } },
    { kind: 'trouble', trouble: { level: 'warn', at: '2026-01-02', message: 7 } },
    'ready',
    { kind: 'state', state: 'ready', types: 'mail' },
    { kind: 'state', state: 'ready', types: [7] },
    { kind: 'replace', rolling: 'yes', withinMs: null, reason: 'r' },
    { kind: 'replace', rolling: true, withinMs: -1, reason: 'r' },
    { kind: 'replace', rolling: true, withinMs: Number.NaN, reason: 'r' },
    { kind: 'replace', rolling: true, withinMs: null },
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
