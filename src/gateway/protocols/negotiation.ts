/** What a client offers in the handshake: a protocol, and a token that no URL should carry. Pure. */

export const SUBPROTOCOL_V2 = 'taskbell.events.v2';
const BEARER = 'bearer.';

/** The one that is spoken; false: none was offered that is known, and v1 goes without. */
export function pickProtocol(offered: ReadonlySet<string>): string | false {
  return offered.has(SUBPROTOCOL_V2) ? SUBPROTOCOL_V2 : false;
}

/** The token of `Sec-WebSocket-Protocol: taskbell.events.v2, bearer.<token>`. */
export function bearerOf(header: string | undefined): string | undefined {
  const offered = (header ?? '').split(',').map((one) => one.trim());
  if (!offered.includes(SUBPROTOCOL_V2)) return undefined;
  return offered.find((one) => one.startsWith(BEARER))?.slice(BEARER.length);
}
