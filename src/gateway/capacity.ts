/**
 * How many connections a gateway takes, and what becomes of one that comes beyond. Pure.
 *
 * The last descriptors are kept back: for the way to the core, and for telling those who come too late to come later.
 */

export interface Capacity {
  /** Sockets beyond which handshakes are put off with 503. */
  readonly connections: number;
  /** Sockets beyond which a connection is dropped unread: refusing it in words would need a descriptor too. */
  readonly sockets: number;
}

/** Of the gateway itself: log, core, the library's own; and as many again for those that are refused. */
const LEAST_RESERVE = 64;
const RESERVE_SHARE = 0.05;

/** @param maxConnections 0: as many as the descriptors allow */
export function decideCapacity(descriptors: number, maxConnections: number): Capacity {
  if (!Number.isFinite(descriptors)) {
    const connections = maxConnections || Number.POSITIVE_INFINITY;
    return { connections, sockets: connections + LEAST_RESERVE };
  }
  const reserve = Math.max(LEAST_RESERVE, Math.ceil(descriptors * RESERVE_SHARE));
  const room = Math.max(1, descriptors - 2 * reserve);
  const connections = maxConnections === 0 ? room : Math.min(maxConnections, room);
  return { connections, sockets: connections + reserve };
}

/** True where the descriptors, not the settings, set a limit that was asked to be higher. */
export function isCutShort({ connections }: Capacity, maxConnections: number): boolean {
  return maxConnections > connections;
}
