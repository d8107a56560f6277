/**
 * No server that anybody could use, but the limit of what one in Node can do: after the handshake it writes bytes
 * that were made before, all messages of a turn for a subscriber in one write on the plain TCP socket.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { frameOf, MESSAGE_BYTES, topicName } from '../message.mjs';
import { serve } from './peer-process.mjs';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const FRAME = frameOf('x'.repeat(MESSAGE_BYTES));
const OK = Buffer.from([0x81, 2, 0x6f, 0x6b]);
/** Of a masked frame with a short text: header, mask of zeros. */
const HEADER_BYTES = 6;

const subscribers = new Map();
const runs = new Map();
let due = new Map();

const http = createServer();
http.on('upgrade', (request, socket) => {
  const key = `${request.headers['sec-websocket-key']}${GUID}`;
  const accept = createHash('sha1').update(key).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('data', (frame) => {
    const topic = frame.toString('latin1', HEADER_BYTES);
    subscribers.set(topic, (subscribers.get(topic) ?? new Set()).add(socket));
    socket.write(OK);
  });
});
http.listen(0, '127.0.0.1', () => serve(http.address().port, publish));

function publish(index) {
  if (due.size === 0) setImmediate(write);
  due.set(index, (due.get(index) ?? 0) + 1);
}

function write() {
  const topics = due;
  due = new Map();
  for (const [index, count] of topics) {
    const bytes = runOf(count);
    for (const socket of subscribers.get(topicName(index)) ?? []) socket.write(bytes);
  }
}

function runOf(count) {
  const known = runs.get(count);
  if (known !== undefined) return known;
  const run = Buffer.concat(Array.from({ length: count }, () => FRAME));
  runs.set(count, run);
  return run;
}
