/**
 * Takes `[webSocket] url` apart: server, namespace, query. Pure; opens nothing.
 */
import type { WebSocketSettings } from '../config/settings.ts';
import { TaskbellError } from '../protocol/errors.ts';

export interface ReceiverAddress {
  /** Scheme, host and port, without credentials. */
  readonly origin: string;
  readonly secure: boolean;
  /** The url's path: `/` is the main one. Not the handshake's path, which is `[webSocket] path`. */
  readonly namespace: string;
  /** Of the url and of the configuration, which wins. */
  readonly query: Readonly<Record<string, string>>;
}

const SECURE = new Map([
  ['http:', false],
  ['ws:', false],
  ['https:', true],
  ['wss:', true],
]);

export function parseReceiver(url: string, query: WebSocketSettings['query']): ReceiverAddress {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const secure = SECURE.get(parsed?.protocol ?? '');
  if (parsed === null || secure === undefined) {
    // Not the url itself: it may carry a token.
    throw new TaskbellError(
      'E_CONFIG',
      '[webSocket] url: expected http://, https://, ws:// or wss:// and a host, got something else',
      { hint: 'Write it like url = http://127.0.0.1:3000, with the handshake path in path = …' },
    );
  }
  return {
    origin: `${parsed.protocol}//${parsed.host}`,
    secure,
    namespace: parsed.pathname,
    query: { ...Object.fromEntries(parsed.searchParams), ...query },
  };
}

// Names that Socket.IO keeps for itself, on either side; emitting one throws.
const RESERVED_EVENTS = [
  'connect',
  'connect_error',
  'disconnect',
  'disconnecting',
  'newListener',
  'removeListener',
];

export function checkEventName(event: string): void {
  if (!RESERVED_EVENTS.includes(event)) return;
  throw new TaskbellError(
    'E_CONFIG',
    `[webSocket] event: expected a name of your own, got ${event}, which Socket.IO reserves`,
    { hint: 'Use event = task, or the name that the receiving service listens for.' },
  );
}
