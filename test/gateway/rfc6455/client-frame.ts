/** Frames of a client, right or wrong, as bytes. */

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

export interface Shape {
  readonly fin?: boolean;
  /** RSV1 is 4, RSV2 is 2, RSV3 is 1. */
  readonly reserved?: number;
  /** Undefined: not masked. */
  readonly mask?: readonly number[] | undefined;
  /** How the length is written; the shortest form when omitted. */
  readonly form?: 7 | 16 | 64;
  /** The length that is claimed; the payload's when omitted. */
  readonly length?: bigint;
}

export const MASK = [0x37, 0xfa, 0x21, 0x3d] as const;

export function frame(opcode: number, payload: Buffer | string = '', shape: Shape = {}): Buffer {
  const { fin = true, reserved = 0 } = shape;
  const mask = 'mask' in shape ? shape.mask : MASK;
  const body = Buffer.from(payload);
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  const length = shape.length ?? BigInt(body.length);
  const form = shape.form ?? shortestForm(length);
  const masked = mask === undefined ? body : body.map((byte, n) => byte ^ (mask[n % 4] ?? 0));
  return Buffer.concat([
    Buffer.from([first]),
    lengthBytes(length, form, mask !== undefined),
    Buffer.from(mask ?? []),
    masked,
  ]);
}

export function closeFrame(code: number, reason: Buffer | string = ''): Buffer {
  return frame(CLOSE, closeBody(code, reason));
}

export function closeBody(code: number, reason: Buffer | string = ''): Buffer {
  return Buffer.concat([Buffer.from([code >>> 8, code & 255]), Buffer.from(reason)]);
}

function shortestForm(length: bigint): 7 | 16 | 64 {
  if (length < 126n) return 7;
  return length < 65_536n ? 16 : 64;
}

function lengthBytes(length: bigint, form: 7 | 16 | 64, isMasked: boolean): Buffer {
  const bit = isMasked ? 0x80 : 0;
  if (form === 7) return Buffer.from([bit | Number(length)]);
  const bytes = Buffer.alloc(form === 16 ? 3 : 9);
  bytes[0] = bit | (form === 16 ? 126 : 127);
  if (form === 16) bytes.writeUInt16BE(Number(length), 1);
  else bytes.writeBigUInt64BE(length, 1);
  return bytes;
}
