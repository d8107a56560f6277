/** The keys of [webSocket], the service that hears Task Finish and Task Failed. The names are deployed: they stay. */
import { filePath } from '../credential-name.ts';
import { key, map, nullable, type SectionDefinition } from '../key-definition.ts';
import type { WebSocketSettings } from '../settings.ts';
import { boolean, duration, integer, matching, oneOf, text, url } from '../value-types.ts';

const NAME = /^[A-Za-z0-9_.-]{1,100}$/;

export const WEB_SOCKET: SectionDefinition<WebSocketSettings> = {
  name: 'webSocket',
  comment: 'The Socket.IO server that hears Task Finish and Task Failed.',
  instance: null,
  reload: 'restart',
  keys: {
    url: nullable(
      url('http', 'https', 'ws', 'wss'),
      'The server; empty: no reports are sent.',
      'http://127.0.0.1:3000',
    ),
    path: key(
      matching('path that starts with /', /^\/\S*$/),
      '/socket.io',
      'Path of its Socket.IO endpoint.',
    ),
    defaultUserId: nullable(
      text,
      'The user of jobs that name none.',
      '4064c2b2-0414-464a-97c6-4a47c325b9a3',
    ),
    event: key(matching('name without white space', /^\S+$/), 'task', 'Name of the emitted event.'),
    userArgument: key(
      oneOf('second', 'merged'),
      'second',
      'The user as second argument, or merged into the first.',
    ),
    stackTrace: key(boolean, 'true', 'Whether Task Failed carries the stack trace.'),
    acknowledge: key(
      oneOf('auto', 'required', 'off'),
      'auto',
      'Wait for acknowledgements; auto: until the server turns out never to send any.',
    ),
    acknowledgeTimeout: key(duration(1), '5s', 'How long an acknowledgement may take.'),
    reconnectionDelay: key(
      duration(),
      '1000',
      'First pause before a reconnection; doubles, with jitter, up to 30s.',
    ),
    reconnectionAttempts: key(
      integer(0, 1_000_000_000),
      '0',
      'Attempts before giving up; 0: for ever.',
    ),
    timeout: key(duration(1), '20000', 'How long one connection attempt may take.'),
    autoReconnect: key(boolean, 'true', 'Reconnect by itself after a lost connection.'),
    taskDelayOnError: key(
      duration(),
      '5000',
      'Pause after an unexpected error, so that nothing spins.',
    ),
    query: map({
      comment: 'Extra query parameters of the connection.',
      exampleName: 'source',
      example: 'taskbell',
      namePattern: NAME,
      secret: false,
    }),
    auth: map({
      comment:
        'Extra values of the Socket.IO handshake. Secret: the file must then be readable by its owner only.',
      exampleName: 'token',
      example: 'change-me',
      namePattern: NAME,
      secret: true,
    }),
    tokenFile: nullable(
      filePath,
      'File whose content is sent as auth.token; read at each connection.',
      '/run/credentials/receiver-token',
    ),
  },
};
