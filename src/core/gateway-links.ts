/**
 * The gateways that follow this core now, by name.
 *
 * Gives each message to whom it is for. A gateway that comes back has a new stream, and may have it before the end of
 * the former one is known.
 */
import type { WebSocket } from 'ws';
import type { FromGateway } from '../protocol/gateways.ts';
import { GatewayLink } from './gateway-link.ts';
import { parseFromGateway } from './gateway-message.ts';

/** Hears who is where. */
export interface PresenceListener {
  hear(link: GatewayLink, message: Exclude<FromGateway, { action: 'answer' }>): void;
  gone(link: GatewayLink): void;
}

export interface AcceptedGateway {
  /** True when the message was one for the core's side of the gateways. */
  readonly hear: (text: string) => boolean;
  /** @param position up to where the log was handed to it */
  readonly follows: (position: () => string | undefined) => void;
}

const NAME = /^[a-z0-9-]{1,32}$/;
const ROLE = 'gateway';

export class GatewayLinks {
  readonly #links = new Set<GatewayLink>();
  readonly #presence: PresenceListener;
  readonly #arrivals = new Set<(link: GatewayLink) => void>();

  constructor(presence: PresenceListener) {
    this.#presence = presence;
  }

  /** By name. */
  all(): readonly GatewayLink[] {
    return [...this.#links].sort((a, b) => compare(a.name, b.name));
  }

  /** @returns ends the listening */
  onArrived(listener: (link: GatewayLink) => void): () => void {
    this.#arrivals.add(listener);
    return () => this.#arrivals.delete(listener);
  }

  /** Undefined for a follower that is no gateway. @param query of the upgrade: role, name, pid */
  accept(socket: WebSocket, query: URLSearchParams): AcceptedGateway | undefined {
    if (query.get('role') !== ROLE) return undefined;
    const link = new GatewayLink(helloOf(query), (text) => {
      if (socket.readyState === socket.OPEN) socket.send(text);
    });
    this.#links.add(link);
    for (const listener of this.#arrivals) listener(link);
    socket.on('close', () => {
      this.#links.delete(link);
      link.close();
      this.#presence.gone(link);
    });
    return {
      hear: (text) => this.#hear(link, text),
      follows: (position) => link.follows(position),
    };
  }

  #hear(link: GatewayLink, text: string): boolean {
    const message = parseFromGateway(text);
    if (message === undefined) return false;
    if (message.action === 'answer') link.answered(message);
    else this.#presence.hear(link, message);
    return true;
  }
}

/** Gateways from before they had names are told apart by their process. */
function helloOf(query: URLSearchParams) {
  const pid = pidOf(query.get('pid'));
  const predecessor = pidOf(query.get('predecessor'));
  const name = query.get('name') ?? '';
  return { name: NAME.test(name) ? name : `pid-${pid ?? 'unknown'}`, pid, predecessor };
}

function pidOf(text: string | null): number | null {
  const pid = Number(text ?? Number.NaN);
  return Number.isInteger(pid) ? pid : null;
}

export function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
