/** A Socket.IO server as its documentation has it: a room for each topic, and `emit` to the room. */
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { fillingFor, topicName } from '../message.mjs';
import { serve } from './peer-process.mjs';

const filling = fillingFor(
  (text) => `42${JSON.stringify(['event', { id: topicName(0), data: [text] }])}`,
);

const http = createServer();
// The subscribers of the bench answer no pings: none fall due while it measures.
const io = new Server(http, { transports: ['websocket'], pingInterval: 600_000 });
io.on('connection', (socket) => {
  socket.on('join', (topic, done) => {
    socket.join(topic);
    done();
  });
});
http.listen(0, '127.0.0.1', () => {
  serve(http.address().port, (index) => {
    const id = topicName(index);
    io.to(id).emit('event', { id, data: [filling] });
  });
});
