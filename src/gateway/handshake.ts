/**
 * May this HTTP request become a WebSocket? Pure: path and origin only.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { WebSocketEventsSettings } from '../config/settings.ts';

/**
 * The HTTP status for a request: 426 says "upgrade", and is the one that a handshake may pass with.
 *
 * A request without an Origin comes from no browser, so no page can abuse its user's cookies or network.
 */
export function judgeHandshake(
  url: string,
  headers: IncomingHttpHeaders,
  settings: Pick<WebSocketEventsSettings, 'path' | 'origins'>,
): 403 | 404 | 426 {
  const path = url.split('?', 1)[0];
  if (path !== settings.path) return 404;
  const { origin } = headers;
  if (origin === undefined || settings.origins.includes('*')) return 426;
  return settings.origins.includes(origin) ? 426 : 403;
}
