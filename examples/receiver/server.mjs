/**
 * A receiving service for Taskbell's reports, to copy: it hears `task` for every ended job and passes
 * it on to the browsers of the user it is for. Run it with `node server.mjs`; README.md says how.
 */
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer((_request, response) => response.end('receiver\n'));
const io = new Server(http, { path: '/api/v1/org-socket' });
const seen = new Set();

// Reports come here: url = http://127.0.0.1:3000/taskbell
const reporters = io.of('/taskbell').use((socket, next) => {
  const welcome = socket.handshake.auth.token === (process.env.REPORT_TOKEN ?? 'change-me');
  next(welcome ? undefined : new Error('wrong token'));
});

reporters.on('connection', (socket) => {
  socket.on('task', (report, user, acknowledge) => {
    const { eventId, taskType, duration } = report.payload;
    if (!seen.has(eventId)) {
      console.log(`${report.message}: ${taskType} in ${duration} ms for ${user.userId}`);
      io.to(`user:${user.userId}`).emit('task', report);
      remember(eventId);
    }
    // Only now: what is not acknowledged comes again, with the same eventId.
    acknowledge?.();
  });
});

// Browsers come to the main namespace. Replace this by a check of your own session or token.
io.on('connection', (socket) => socket.join(`user:${socket.handshake.auth.userId}`));

function remember(eventId) {
  seen.add(eventId);
  if (seen.size > 10_000) seen.delete(seen.values().next().value);
}

http.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`waiting for reports at http://127.0.0.1:${http.address().port}/taskbell`);
});
