/** Who takes part in the events suite, and how each is started: see session.mjs. */

export const OURS = { id: 'taskbell', title: 'Taskbell, from the durable log' };

/** Takes part where it can be compiled: see programs.mjs. */
export const LIMIT = 'limit';

export const CONTENDERS = [
  OURS,
  {
    ...{ id: 'socket.io', title: 'Socket.IO', program: 'socket-io.mjs', package: 'socket.io' },
    // The server opens its side, then the client says which namespace and joins the room.
    steps: (topic) => [
      { say: null, hear: 1 },
      { say: '40', hear: 1 },
      { say: `420${JSON.stringify(['join', topic])}`, hear: 1 },
    ],
    path: '/socket.io/?EIO=4&transport=websocket',
  },
  {
    ...{ id: 'ws', title: 'ws, one send a socket', program: 'plain-ws.mjs', package: 'ws' },
    steps: (topic) => [{ say: topic, hear: 1 }],
    path: '/',
  },
  {
    ...{ id: 'bare', title: 'prepared bytes on TCP, the limit in Node', program: 'bare.mjs' },
    steps: (topic) => [{ say: topic, hear: 1 }],
    path: '/',
  },
  {
    ...{ id: LIMIT, title: 'C, epoll, prepared bytes: the limit' },
    steps: (topic) => [{ say: topic, hear: 1 }],
    path: '/',
  },
];

export function chosen(names) {
  const unknown = names?.find((name) => !CONTENDERS.some(({ id }) => id === name));
  if (unknown !== undefined) {
    const known = CONTENDERS.map(({ id }) => id).join(', ');
    throw new Error(`There is no peer "${unknown}": expected ${known} or none.`);
  }
  return CONTENDERS.filter(({ id }) => id === OURS.id || names === undefined || names.includes(id));
}
