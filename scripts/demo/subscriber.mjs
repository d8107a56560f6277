/**
 * What a front end does: one WebSocket to the event server, attached to topics by events v1.
 * Replies carry no request id and come in the order of the requests; a push has no `status`.
 */
import { WebSocket } from 'ws';

export async function connectSubscriber({ url, token, onEvent }) {
  const socket = new WebSocket(url);
  const waiting = [];
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('message', (data) => {
    const message = JSON.parse(data.toString());
    if ('status' in message) waiting.shift()?.resolve(message);
    else onEvent(message);
  });
  socket.on('close', (code) => {
    for (const { reject } of waiting) reject(new Error(`the event server closed with ${code}`));
  });
  socket.on('error', () => {
    // `close` follows, and ends whoever waits.
  });
  return {
    attach: (topic) => attach({ socket, waiting, token }, topic),
    stop: () => close(socket),
  };
}

async function attach({ socket, waiting, token }, { type, id }) {
  const reply = await new Promise((resolve, reject) => {
    waiting.push({ resolve, reject });
    socket.send(JSON.stringify({ auth: token, action: 'attach', event: { type, id } }));
  });
  if (reply.code !== 0) throw new Error(`attach to ${type} ${id} was refused: ${reply.message}`);
}

async function close(socket) {
  if (socket.readyState === WebSocket.CLOSED) return;
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.close(1000);
  const timer = setTimeout(() => socket.terminate(), 1_000);
  await closed;
  clearTimeout(timer);
}
