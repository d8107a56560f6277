/**
 * Proves at the start that the `ws` library, as it is installed here, reads our frames as they were meant.
 * Where it does not, whoever asked goes on with the library's own `send`.
 */
import * as library from 'ws';
import { frameTexts } from './frame.ts';

/** The reading half of the library; its types leave it out. */
interface ReceiverConstructor {
  new (options: { isServer: boolean }): NodeJS.WritableStream;
}

/** Of each form of the length, of each way to write them, and bytes beyond the ASCII. */
const SAMPLES: readonly (readonly string[])[] = [
  ['', '{"a":1}', 'x'.repeat(125), 'x'.repeat(126), 'x'.repeat(65_535), 'x'.repeat(65_536)],
  ['ä', '€'.repeat(42), '🔔'.repeat(32), 'é'.repeat(40_000), 'x'],
];

/** @param frame replaced only by tests */
export function provesFrames(frame: typeof frameTexts = frameTexts): boolean {
  const { Receiver } = library as unknown as { readonly Receiver?: ReceiverConstructor };
  return Receiver !== undefined && SAMPLES.every((texts) => isRead(Receiver, texts, frame(texts)));
}

function isRead(
  Receiver: ReceiverConstructor,
  texts: readonly string[],
  frames: Uint8Array,
): boolean {
  const read: string[] = [];
  let isSound = true;
  const receiver = new Receiver({ isServer: false });
  receiver.on('message', (data: Buffer, isBinary: boolean) => {
    read.push(String(data));
    isSound &&= !isBinary;
  });
  receiver.on('error', () => {
    isSound = false;
  });
  // Read to its end by the time `write` returns; what is not yet read then counts as not read.
  receiver.write(frames);
  return isSound && read.length === texts.length && read.every((text, n) => text === texts[n]);
}
