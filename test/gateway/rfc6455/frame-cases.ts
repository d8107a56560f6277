/**
 * What a client may send that is right, wrong or odd, and what the gateway does: RFC 6455, sections 5 to 8.
 *
 * Each is a connection of its own that is attached to a topic.
 */
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  closeBody,
  closeFrame,
  frame,
  MASK,
  PING,
  PONG,
  TEXT,
} from './client-frame.ts';

/**
 * Replies of events v1 and pongs, after which the connection goes on; or the close that ends it. A request that
 * came right before the end may have been answered or not.
 */
export type Outcome =
  | { readonly answers: readonly Answer[] }
  | { readonly closes: number; readonly perhaps: readonly Answer[] };

/** `ok` and `invalid` are the replies to a message that is a request and to one that is none. */
export type Answer = 'ok' | 'invalid' | { readonly pong: Buffer };

export interface FrameCase {
  readonly title: string;
  readonly send: readonly Buffer[];
  readonly outcome: Outcome;
}

/** A valid request as text, in three places of which a character has more than one byte. */
export type Request = string;

const BAD_UTF8 = Buffer.from([0x7b, 0xc3, 0x28, 0x7d]);
const OVERLONG = Buffer.from([0xc0, 0xaf]);
const SURROGATE = Buffer.from([0xed, 0xa0, 0x80]);
const TOO_HIGH = Buffer.from([0xf4, 0x90, 0x80, 0x80]);
const CUT_OFF = Buffer.from([0xf0, 0x9f, 0x94]);
const LONGEST = Buffer.alloc(125, 0x61);
const MIB = 1_048_576n;

const survives = (...answers: Answer[]): Outcome => ({ answers });
const closes = (code: number, ...perhaps: Answer[]): Outcome => ({ closes: code, perhaps });
const pong = (payload: Buffer | string = ''): Answer => ({ pong: Buffer.from(payload) });

const text = (payload: Buffer | string, fin = true): Buffer => frame(TEXT, payload, { fin });
const more = (payload: Buffer | string, fin = false): Buffer =>
  frame(CONTINUATION, payload, { fin });
const last = (payload: Buffer | string): Buffer => more(payload, true);

/** @returns the text as a first fragment, others, and a last one, cut at these bytes */
function fragments(payload: Buffer | string, ...cuts: readonly number[]): readonly Buffer[] {
  const bytes = Buffer.from(payload);
  const parts = [0, ...cuts].map((from, n) => bytes.subarray(from, cuts[n] ?? bytes.length));
  return parts.map((part, n) =>
    frame(n === 0 ? TEXT : CONTINUATION, part, { fin: n === parts.length - 1 }),
  );
}

export function frameCases(request: Request): readonly FrameCase[] {
  return [
    ...fragmentation(request),
    ...controlBetween(request),
    ...controlFrames(),
    ...masks(request),
    ...lengths(request),
    ...reservedThings(),
    ...utf8(),
    ...kinds(request),
    ...closing(),
    ...closeCodes(),
  ].map(([title, send, outcome]) => ({ title, send, outcome }));
}

type Row = readonly [title: string, send: readonly Buffer[], outcome: Outcome];

function fragmentation(request: Request): readonly Row[] {
  const middle = Math.floor(Buffer.byteLength(request) / 2);
  const bytes = [...Buffer.from(request)];
  return [
    ['a message in one frame', [text(request)], survives('ok')],
    ['a message in two fragments', fragments(request, middle), survives('ok')],
    ['a message in three fragments', fragments(request, 5, middle), survives('ok')],
    [
      'a message in fragments of one byte',
      fragments(request, ...bytes.map((_, n) => n).slice(1)),
      survives('ok'),
    ],
    [
      'empty fragments around a message',
      [text('', false), more(request), last('')],
      survives('ok'),
    ],
    ['a last fragment that is empty', [text(request, false), last('')], survives('ok')],
    ['a message of empty fragments', [text('', false), more(''), last('')], survives('invalid')],
    [
      'two messages, each in fragments',
      [...fragments(request, 3), ...fragments(request, 9)],
      survives('ok', 'ok'),
    ],
    ['a continuation of nothing', [last('x')], closes(1002)],
    ['a first continuation of nothing', [more('x')], closes(1002)],
    ['a continuation after a whole message', [text(request), last('x')], closes(1002, 'ok')],
    ['a text inside of a fragmented text', [text('{', false), text('}')], closes(1002)],
    ['a binary inside of a fragmented text', [text('{', false), frame(BINARY, 'x')], closes(1002)],
    ['a second first fragment', [text('{', false), text('{', false)], closes(1002)],
  ];
}

function controlBetween(request: Request): readonly Row[] {
  const [first, second, third] = fragments(request, 4, 20) as [Buffer, Buffer, Buffer];
  return [
    [
      'a ping between fragments',
      [first, frame(PING, 'a'), second, third],
      survives(pong('a'), 'ok'),
    ],
    [
      'pings between all fragments',
      [first, frame(PING, 'a'), second, frame(PING, 'b'), third],
      survives(pong('a'), pong('b'), 'ok'),
    ],
    ['a pong between fragments', [first, frame(PONG, 'a'), second, third], survives('ok')],
    ['a close between fragments', [first, closeFrame(1000)], closes(1000)],
    [
      'a fragmented ping between fragments',
      [first, frame(PING, 'a', { fin: false })],
      closes(1002),
    ],
    ['a long ping between fragments', [first, frame(PING, 'x'.repeat(126))], closes(1002)],
  ];
}

function controlFrames(): readonly Row[] {
  return [
    ['a ping without a payload', [frame(PING)], survives(pong())],
    ['a ping with a payload', [frame(PING, 'hello')], survives(pong('hello'))],
    ['a ping with bytes that are no UTF-8', [frame(PING, BAD_UTF8)], survives(pong(BAD_UTF8))],
    ['a ping with the longest payload', [frame(PING, LONGEST)], survives(pong(LONGEST))],
    [
      'several pings at once',
      ['1', '2', '3'].map((n) => frame(PING, n)),
      survives(pong('1'), pong('2'), pong('3')),
    ],
    ['a pong that nobody asked for', [frame(PONG, 'x')], survives()],
    ['an empty pong that nobody asked for', [frame(PONG)], survives()],
    ['a pong with the longest payload', [frame(PONG, LONGEST)], survives()],
    ['a ping of 126 bytes', [frame(PING, Buffer.alloc(126))], closes(1002)],
    ['a pong of 126 bytes', [frame(PONG, Buffer.alloc(126))], closes(1002)],
    ['a ping of 64 KiB', [frame(PING, Buffer.alloc(65_536))], closes(1002)],
    ['a ping whose length is written in 16 bits', [frame(PING, 'x', { form: 16 })], closes(1002)],
    ['a ping whose length is written in 64 bits', [frame(PING, 'x', { form: 64 })], closes(1002)],
    ['a fragmented ping', [frame(PING, 'x', { fin: false })], closes(1002)],
    ['a fragmented pong', [frame(PONG, 'x', { fin: false })], closes(1002)],
    ['a fragmented close', [frame(CLOSE, closeBody(1000), { fin: false })], closes(1002)],
    ['a close of 126 bytes', [frame(CLOSE, closeBody(1000, 'x'.repeat(124)))], closes(1002)],
  ];
}

function masks(request: Request): readonly Row[] {
  const unmasked = { mask: undefined };
  return [
    ['a mask of zeros', [frame(TEXT, request, { mask: [0, 0, 0, 0] })], survives('ok')],
    ['a mask of ones', [frame(TEXT, request, { mask: [255, 255, 255, 255] })], survives('ok')],
    [
      'fragments with different masks',
      [
        frame(TEXT, request.slice(0, 7), { fin: false, mask: [1, 2, 3, 4] }),
        frame(CONTINUATION, request.slice(7), { mask: MASK }),
      ],
      survives('ok'),
    ],
    ['a text without a mask', [frame(TEXT, request, unmasked)], closes(1002)],
    ['an empty text without a mask', [frame(TEXT, '', unmasked)], closes(1002)],
    ['a ping without a mask', [frame(PING, 'x', unmasked)], closes(1002)],
    ['a close without a mask', [frame(CLOSE, closeBody(1000), unmasked)], closes(1002)],
    [
      'a continuation without a mask',
      [text('{', false), frame(CONTINUATION, '}', unmasked)],
      closes(1002),
    ],
  ];
}

function lengths(request: Request): readonly Row[] {
  const padded = (bytes: number): string =>
    request + ' '.repeat(bytes - Buffer.byteLength(request));
  return [
    ['an empty text', [text('')], survives('invalid')],
    ['a text of 125 bytes', [text('x'.repeat(125))], survives('invalid')],
    ['a text of 126 bytes', [text('x'.repeat(126))], survives('invalid')],
    ['a text of 127 bytes', [text('x'.repeat(127))], survives('invalid')],
    ['a text of 65,535 bytes', [text(padded(65_535))], survives('ok')],
    ['a text of 65,536 bytes', [text(padded(65_536))], survives('ok')],
    ['a text over the limit', [text(padded(65_537))], survives('invalid')],
    ['a text at four times the limit', [text(padded(262_144))], survives('invalid')],
    ['a text over four times the limit', [text(padded(262_145))], closes(1009)],
    ['the same in fragments', fragments(padded(262_145), 100_000, 200_000), closes(1009)],
    [
      'a short text with a length in 16 bits',
      [frame(TEXT, 'x', { form: 16 })],
      survives('invalid'),
    ],
    [
      'a short text with a length in 64 bits',
      [frame(TEXT, 'x', { form: 64 })],
      survives('invalid'),
    ],
    ['a length of a mebibyte, before any of it', [frame(TEXT, '', { length: MIB })], closes(1009)],
    ['a length of 2^53', [frame(TEXT, '', { length: 2n ** 53n, form: 64 })], closes(1009)],
    [
      'a length with its top bit set',
      [frame(TEXT, '', { length: 2n ** 63n, form: 64 })],
      closes(1009),
    ],
    ['the largest length', [frame(TEXT, '', { length: 2n ** 64n - 1n, form: 64 })], closes(1009)],
  ];
}

function reservedThings(): readonly Row[] {
  const bits: readonly Row[] = [1, 2, 4, 7].map((reserved) => [
    `a text with the reserved bits ${reserved.toString(2).padStart(3, '0')}`,
    [frame(TEXT, '{}', { reserved })],
    closes(1002),
  ]);
  const opcodes: readonly Row[] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [
    `the reserved opcode ${opcode}`,
    [frame(opcode, 'x')],
    closes(1002),
  ]);
  return [
    ...bits,
    ['a ping with a reserved bit', [frame(PING, 'x', { reserved: 4 })], closes(1002)],
    ['a close with a reserved bit', [frame(CLOSE, closeBody(1000), { reserved: 2 })], closes(1002)],
    [
      'a continuation with a reserved bit',
      [text('{', false), frame(CONTINUATION, '}', { reserved: 4 })],
      closes(1002),
    ],
    ...opcodes,
    ['a reserved opcode between fragments', [text('{', false), frame(3, 'x')], closes(1002)],
    ['a reserved opcode without a payload', [frame(11)], closes(1002)],
  ];
}

function utf8(): readonly Row[] {
  const bell = Buffer.from('"🔔"');
  return [
    ['a text beyond the ASCII', [text('"äöü€🔔"')], survives('invalid')],
    ['a character that is split over fragments', fragments(bell, 2, 3), survives('invalid')],
    ['the highest character', [text('"\u{10ffff}"')], survives('invalid')],
    ['a text with a byte order mark', [text('\ufeff{}')], survives('invalid')],
    ['a text that is no UTF-8', [text(BAD_UTF8)], closes(1007)],
    ['a text with an overlong form', [text(OVERLONG)], closes(1007)],
    ['a text with half a surrogate pair', [text(SURROGATE)], closes(1007)],
    ['a text with a character that is too high', [text(TOO_HIGH)], closes(1007)],
    ['a text that ends inside of a character', [text(CUT_OFF)], closes(1007)],
    ['a text with the byte ff', [text(Buffer.from([0xff]))], closes(1007)],
    ['bad UTF-8 in the first fragment', [text(BAD_UTF8, false), last('}')], closes(1007)],
    ['bad UTF-8 in the last fragment', [text('{', false), last(BAD_UTF8)], closes(1007)],
    ['a text whose last fragment is cut off', [text('{', false), last(CUT_OFF)], closes(1007)],
    ['bad UTF-8 split over fragments', fragments(BAD_UTF8, 2), closes(1007)],
  ];
}

function kinds(request: Request): readonly Row[] {
  return [
    ['a binary message', [frame(BINARY, request)], survives('invalid')],
    ['an empty binary message', [frame(BINARY)], survives('invalid')],
    ['a binary message that is no UTF-8', [frame(BINARY, BAD_UTF8)], survives('invalid')],
    [
      'a binary message in fragments',
      [frame(BINARY, 'a', { fin: false }), last('b')],
      survives('invalid'),
    ],
    [
      'a text after a binary message',
      [frame(BINARY, 'x'), text(request)],
      survives('invalid', 'ok'),
    ],
  ];
}

function closing(): readonly Row[] {
  return [
    ['a close without a code', [frame(CLOSE)], closes(1005)],
    ['a close with a reason', [closeFrame(1000, 'bye')], closes(1000)],
    ['a close with the longest reason', [closeFrame(1000, 'x'.repeat(123))], closes(1000)],
    ['a close with a body of one byte', [frame(CLOSE, 'x')], closes(1002)],
    ['a close whose reason is no UTF-8', [closeFrame(1000, BAD_UTF8)], closes(1007)],
    ['a close whose reason is cut off', [closeFrame(1000, CUT_OFF)], closes(1007)],
    ['a message after a close', [closeFrame(1000), text('{}')], closes(1000)],
    ['a ping after a close', [closeFrame(1000), frame(PING, 'x')], closes(1000)],
    ['two closes', [closeFrame(1000), closeFrame(1001)], closes(1000)],
    ['a message before a close', [text('{}'), closeFrame(1001)], closes(1001, 'invalid')],
  ];
}

function closeCodes(): readonly Row[] {
  const valid = [
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4401, 4999,
  ];
  const invalid = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];
  return [
    ...valid.map((code): Row => [`a close with ${code}`, [closeFrame(code)], closes(code)]),
    ...invalid.map(
      (code): Row => [`a close with the code ${code}`, [closeFrame(code)], closes(1002)],
    ),
  ];
}
