/** Who else is connected to the control server: gateways and other followers, as they introduce themselves. */
import type { WebSocket } from 'ws';
import type { StatusView } from '../protocol/status.ts';

export interface Peer {
  readonly role: string;
  readonly pid: number | null;
  readonly supervisorPid: number | null;
  readonly since: string;
  readonly listen: StatusView['gateway'];
  /** It follows by TCP: what it says of its machine is true there. */
  readonly isElsewhere: boolean;
}

export class Peers {
  readonly #peers = new Set<Peer>();

  /** @param query of the upgrade: role, pid, supervisor, listen (JSON) */
  add(socket: WebSocket, query: URLSearchParams, isElsewhere: boolean): void {
    const peer: Peer = {
      role: query.get('role') ?? 'client',
      pid: numberOf(query.get('pid')),
      supervisorPid: numberOf(query.get('supervisor')),
      since: new Date().toISOString(),
      listen: listenOf(query.get('listen')),
      isElsewhere,
    };
    this.#peers.add(peer);
    socket.on('close', () => this.#peers.delete(peer));
  }

  gateways(): readonly Peer[] {
    return [...this.#peers].filter(({ role }) => role === 'gateway');
  }
}

function numberOf(text: string | null): number | null {
  const value = Number(text);
  return text !== null && Number.isInteger(value) ? value : null;
}

function listenOf(text: string | null): StatusView['gateway'] {
  try {
    const { address, port, path } = JSON.parse(text ?? 'null') ?? {};
    return typeof port === 'number' ? { address: String(address), port, path: String(path) } : null;
  } catch {
    // A peer that introduces itself badly is a peer all the same.
    return null;
  }
}
