/**
 * Notices that a connection is dead which nobody closed: the other machine lost its power, or the network
 * its way. Counts questions that stayed without an answer and not time, so that a core that itself
 * stood still does not take that for the executor's silence.
 */
import type { WebSocket } from 'ws';

/** Pings in a row that may stay without any word. */
const MAX_UNANSWERED = 2;

/** @param onSilent told right before the connection is cut */
export function cutWhenSilent(socket: WebSocket, everyMs: number, onSilent: () => void): void {
  let unanswered = 0;
  const heard = (): void => {
    unanswered = 0;
  };
  for (const sign of ['message', 'ping', 'pong']) socket.on(sign, heard);
  const timer = setInterval(() => {
    if (unanswered < MAX_UNANSWERED) {
      unanswered += 1;
      socket.ping();
      return;
    }
    onSilent();
    socket.terminate();
  }, everyMs);
  socket.once('close', () => clearInterval(timer));
}
