/** A server on `ws` as most are written: one `send` of the text for each subscriber. */
import { WebSocketServer } from 'ws';
import { fillingFor, topicName } from '../message.mjs';
import { serve } from './peer-process.mjs';

const subscribers = new Map();
const render = (filling, id = topicName(0)) =>
  JSON.stringify({ type: 'event', id, data: [filling] });
const filling = fillingFor(render);

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('connection', (socket) => {
  socket.on('message', (data) => {
    const topic = String(data);
    subscribers.set(topic, (subscribers.get(topic) ?? new Set()).add(socket));
    socket.send('ok');
  });
});
server.on('listening', () => {
  serve(server.address().port, (index) => {
    const topic = topicName(index);
    const text = render(filling, topic);
    for (const socket of subscribers.get(topic) ?? []) socket.send(text);
  });
});
