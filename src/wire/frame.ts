/**
 * Text messages as WebSocket frames of a server (RFC 6455, 5.2): one unfragmented frame each, unmasked.
 *
 * What goes to many is framed once, and what goes out together is one run of bytes. Whoever writes it
 * goes past the `ws` library: only while `takesFrames` says so, and only if `provesFrames` did.
 */

/** FIN, and the opcode of a text. */
const TEXT = 0x81;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** Each text a frame, one after the other. */
export function frameTexts(texts: readonly string[]): Buffer {
  const joined = texts.join('');
  // Where every character is one byte, the whole run is written at once.
  if (Buffer.byteLength(joined) === joined.length) return frameAscii(texts);
  return Buffer.concat(texts.map(frameOne));
}

function frameAscii(texts: readonly string[]): Buffer {
  let frames = '';
  for (const text of texts) frames += renderHeader(text.length) + text;
  return Buffer.from(frames, 'latin1');
}

function frameOne(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const header = renderHeader(length);
  const frame = Buffer.allocUnsafe(header.length + length);
  frame.write(header, 0, 'latin1');
  frame.write(text, header.length, 'utf8');
  return frame;
}

/** A character stands for a byte. */
function renderHeader(length: number): string {
  if (length < LENGTH_16) return String.fromCharCode(TEXT, length);
  if (length < 65_536) return String.fromCharCode(TEXT, LENGTH_16, length >>> 8, length & 255);
  const high = Math.floor(length / 2 ** 32);
  return String.fromCharCode(TEXT, LENGTH_64, ...bytesOf(high), ...bytesOf(length % 2 ** 32));
}

function bytesOf(word: number): readonly number[] {
  return [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255];
}

/** What of a WebSocket and of the connection below it matters here. */
export interface FrameTarget {
  readonly socket: {
    readonly readyState: number;
    readonly OPEN: number;
    readonly extensions: string;
  };
  readonly transport: { readonly writable: boolean };
}

/** An extension would change the frames; a closing WebSocket has sent its last one. */
export function takesFrames({ socket, transport }: FrameTarget): boolean {
  return socket.extensions === '' && takesMoreFrames(socket, transport);
}

/** The same of one whose handshake brought no extension: that is dear to ask, and never changes. */
export function takesMoreFrames(
  socket: Pick<FrameTarget['socket'], 'readyState' | 'OPEN'>,
  transport: FrameTarget['transport'],
): boolean {
  return socket.readyState === socket.OPEN && transport.writable;
}
