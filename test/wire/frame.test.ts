/** Frames as RFC 6455 has them, byte by byte, and as the ws library reads them. */
import { describe, expect, it } from 'vitest';
import { frameTexts, takesFrames } from '../../src/wire/frame.ts';
import { provesFrames } from '../../src/wire/frame-proof.ts';

describe('a text frame of a server', () => {
  it('is the one of RFC 6455, 5.7', () => {
    expect([...frameTexts(['Hello'])]).toEqual([0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
  });

  it.each([
    [125, [0x81, 125]],
    [126, [0x81, 126, 0, 126]],
    [65_535, [0x81, 126, 255, 255]],
    [65_536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
    [16_909_060, [0x81, 127, 0, 0, 0, 0, 1, 2, 3, 4]],
  ])('of %i bytes says its length in as few bytes as it may', (length, header) => {
    const frame = frameTexts(['x'.repeat(length)]);
    expect([...frame.subarray(0, header.length)]).toEqual(header);
    expect(frame.length).toBe(header.length + length);
  });

  it('counts bytes and not characters', () => {
    expect([...frameTexts(['€'])]).toEqual([0x81, 3, 0xe2, 0x82, 0xac]);
    expect([...frameTexts(['€'.repeat(42)]).subarray(0, 4)]).toEqual([0x81, 126, 0, 126]);
  });

  it('stands behind the one before', () => {
    expect([...frameTexts(['a', '', 'é'])]).toEqual([
      ...[0x81, 1, 0x61],
      ...[0x81, 0],
      ...[0x81, 2, 0xc3, 0xa9],
    ]);
    expect(frameTexts([]).length).toBe(0);
  });
});

describe('the proof', () => {
  it('holds for our frames', () => {
    expect(provesFrames()).toBe(true);
  });

  it.each([
    ['miss a byte', (texts: readonly string[]) => frameTexts(texts).subarray(0, -1)],
    ['miss a message', (texts: readonly string[]) => frameTexts(texts.slice(1))],
    ['are masked', (texts: readonly string[]) => changed(texts, 1, 0x80)],
    ['are binary', (texts: readonly string[]) => changed(texts, 0, 0x03)],
    ['claim an extension', (texts: readonly string[]) => changed(texts, 0, 0x40)],
  ])('fails for frames that %s', (_what, frame) => {
    expect(provesFrames(frame)).toBe(false);
  });

  function changed(texts: readonly string[], index: number, bits: number): Buffer {
    const frames = frameTexts(texts);
    frames[index] = (frames[index] ?? 0) ^ bits;
    return frames;
  }
});

describe('a connection takes frames', () => {
  const OPEN = 1;
  const socket = { readyState: OPEN, OPEN, extensions: '' };

  it.each([
    ['while it is open', socket, true, true],
    ['not while it is closing', { ...socket, readyState: 2 }, true, false],
    ['not with an extension', { ...socket, extensions: 'permessage-deflate' }, true, false],
    ['not after its end was written', socket, false, false],
  ])('%s', (_when, target, writable, expected) => {
    expect(takesFrames({ socket: target, transport: { writable } })).toBe(expected);
  });
});
