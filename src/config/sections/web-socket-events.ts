/** The keys of [webSocketEvents], the server that subscribers connect to, and its limits. */
import { key, list, onReload, type SectionDefinition } from '../key-definition.ts';
import type { WebSocketEventsSettings } from '../settings.ts';
import { boolean, duration, integer, matching, origins, size } from '../value-types.ts';
import { LISTEN_ADDRESS } from './api.ts';
import { MAX_MEMORY_BYTES } from './daemon.ts';

const KIB = 1_024;
const MIB = 1_024 * KIB;
const COUNT = integer(1, 1_000_000);

export const WEB_SOCKET_EVENTS: SectionDefinition<WebSocketEventsSettings> = {
  name: 'webSocketEvents',
  comment: 'The public WebSocket that events are sent on.',
  instance: null,
  reload: 'gateways',
  keys: {
    address: onReload('restart', key(LISTEN_ADDRESS, '0.0.0.0', 'Address to listen on.')),
    port: onReload(
      'restart',
      key(integer(0, 65_535), '8081', 'Port to listen on; 0: any free one.'),
    ),
    path: key(matching('path that starts with /', /^\/\S*$/), '/ws', 'Path of the WebSocket.'),
    gateways: onReload(
      'restart',
      key(integer(1, 64), '1', 'Processes that share the port and its connections.'),
    ),
    maxConnections: key(
      integer(0, 10_000_000),
      '0',
      'Connections of one process, after which others are put off; 0: as many as its file descriptors allow.',
    ),
    drainTime: key(
      duration(0),
      '5s',
      'Over how long the connections of a process that stops are closed, so that their clients do not come back at once.',
    ),
    memoryLimit: key(
      size(0, MAX_MEMORY_BYTES),
      '0',
      'End a gateway at once, and start it again, when it has grown beyond this; 0: no limit.',
    ),
    maxMessage: key(size(256, 16 * MIB), '64KiB', 'Largest message that a client may send.'),
    maxSubscriptions: key(COUNT, '1000', 'Subscriptions of one connection.'),
    maxConnectionsPerUser: key(COUNT, '50', 'Connections of one user to one process.'),
    messagesPerSecond: key(
      COUNT,
      '20',
      'Messages a second that one connection may send in the long run.',
    ),
    messageBurst: key(COUNT, '100', 'Messages that it may send at once.'),
    authenticationTimeout: key(
      duration(1),
      '10s',
      'How long a connection may stay without a valid token.',
    ),
    pingInterval: key(duration(1), '25s', 'Time between pings.'),
    maxUnread: key(
      size(KIB, 1_024 * MIB),
      '1MiB',
      'Unread data after which a slow connection is closed.',
    ),
    maxUnreadTime: key(
      duration(1),
      '10s',
      'Time without reading after which a slow connection is closed.',
    ),
    directFrames: key(
      boolean,
      'true',
      'Write what a moment brings for a subscriber at once, as frames made once for all; false: one message at a time, by the WebSocket library.',
    ),
    syncInterval: key(
      duration(100),
      '20s',
      'How often clients of events v2 are told how far the log is.',
    ),
    historyReads: key(
      integer(1, 1_000),
      '8',
      'Reads of history at once, for all clients that come back.',
    ),
    presenceLinger: onReload(
      'restart',
      key(
        duration(0, 3_600_000),
        '10s',
        'How long somebody whose last connection went counts as present, so that coming back is no leave and no join.',
      ),
    ),
    maxCursorsPerUser: onReload(
      'live',
      key(COUNT, '20', 'Acknowledged positions that are kept of one user.'),
    ),
    origins: list(origins, '*', 'Exact origins that browsers may come from; *: any; empty: none.'),
  },
};
