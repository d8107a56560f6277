/**
 * Where a control server listens, and how the two transports of Node reach it.
 *
 * Knows nothing of routes or messages, and opens no connection itself.
 */
import { connect as connectSocket } from 'node:net';
import type { ClientOptions } from 'ws';
import { TaskbellError } from '../protocol/errors.ts';

/** A unix socket (file permissions guard it), or a TCP address with its token. */
export type ControlAddress =
  | { readonly socketPath: string }
  | {
      readonly url: string;
      readonly token: string;
      /** PEM: with https, what the certificate of the other end must come from, in the place of what Node trusts. */
      readonly ca?: string;
    };

/** For messages to people; holds no secret. */
export function describeAddress(address: ControlAddress): string {
  return 'socketPath' in address ? `socket ${address.socketPath}` : address.url;
}

/** What `new WebSocket(url, options)` needs to reach `path` on the control server. */
export interface UpgradeTarget {
  readonly url: string;
  readonly options: ClientOptions;
}

export function upgradeTarget(address: ControlAddress, pathAndQuery: string): UpgradeTarget {
  const base: ClientOptions = { perMessageDeflate: false, handshakeTimeout: 10_000 };
  if ('socketPath' in address) {
    const { socketPath } = address;
    // Not `ws+unix:PATH:/…`: that form cannot hold a path with a space or a colon.
    const createConnection = () => connectSocket({ path: socketPath });
    const options = { ...base, createConnection, generateMask };
    return { url: `ws://localhost${pathAndQuery}`, options };
  }
  const headers = { authorization: `Bearer ${address.token}` };
  const { ca } = address;
  const options = { ...base, headers, ...(ca === undefined ? {} : { ca }) };
  return { url: tcpUrl(address.url, pathAndQuery), options };
}

/** Masks are for proxies that read along (RFC 6455, 10.3). On a unix socket there is none, and zeros cost nothing. */
function generateMask(mask: Buffer): void {
  mask.fill(0);
}

/** Joins a route to the base URL, which may itself have a path (a reverse proxy's prefix). */
export function tcpUrl(base: string, pathAndQuery: string): string {
  return `${base.replace(/\/+$/, '')}${pathAndQuery}`;
}

/** No process answers at the address. */
export function daemonUnreachable(address: ControlAddress, cause: unknown): TaskbellError {
  return new TaskbellError(
    'E_DAEMON_UNREACHABLE',
    `No daemon answers at ${describeAddress(address)}.`,
    {
      hint: 'Start it with `taskbell up`, or name the right one with --config or --data-directory.',
      cause,
    },
  );
}

const DEFAULT_SOCKET = './taskbell-data/control.sock';

export interface AddressOptions {
  readonly socket?: string;
  readonly url?: string;
  readonly token?: string;
}

/** @throws TaskbellError E_USAGE where the parts contradict each other */
export function addressOf({ socket, url, token }: AddressOptions): ControlAddress {
  if (url === undefined) return { socketPath: socket ?? DEFAULT_SOCKET };
  if (socket !== undefined || token === undefined) {
    throw new TaskbellError(
      'E_USAGE',
      'Expected either `socket`, or `url` together with `token`.',
      {
        hint: 'The token is in the file api-token of the data directory.',
      },
    );
  }
  return { url, token };
}
