/**
 * A service that waits for Task Finish and Task Failed: a real Socket.IO server, as it is deployed
 * beside Taskbell. It hands each report to `onReport` and acknowledges it.
 */
import { createServer } from 'node:http';
import { Server } from 'socket.io';

export const SERVICE_PATH = '/api/v1/org-socket';

export async function startReceivingService({ onReport }) {
  const http = createServer();
  const io = new Server(http, { path: SERVICE_PATH });
  io.on('connection', (socket) => {
    socket.on('task', (message, user, acknowledge) => {
      onReport({ message, userId: user?.userId });
      acknowledge?.();
    });
  });
  await new Promise((resolve, reject) => {
    http.once('error', reject);
    http.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${http.address().port}`,
    stop: () => io.close(),
  };
}
