/**
 * Gets the port: at once, or after the gateway of another supervisor of this data directory lets go.
 *
 *   listen ─▶ claimed
 *     └ busy ─▶ is it one of ours? yes ─▶ standby: try again every 500 ms
 *                                  no  ─▶ for 3 s: try again; then E_PORT_IN_USE
 *
 * The 3 s are for two supervisors that start together: the first gateway has the port a moment before
 * the core knows of it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { WebSocketEventsSettings } from '../config/settings.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { StatusView } from '../protocol/status.ts';
import type { ListenPlace } from '../protocol/supervision.ts';

export interface PortClaim {
  readonly settings: Pick<WebSocketEventsSettings, 'address' | 'port'>;
  readonly listen: () => Promise<ListenPlace>;
  /** The gateway that the core knows of; null when there is none or the core cannot be asked. */
  readonly askGateway: () => Promise<StatusView['gateway']>;
  /** Called once, when the port turned out to be held by a gateway of this data directory. */
  readonly onStandby: () => void;
  readonly nowMono: () => number;
  readonly signal: AbortSignal;
  /** How long an unknown holder is given; 3 s when omitted. */
  readonly patienceMs?: number;
}

const RETRY_MS = 500;
const PATIENCE_MS = 3_000;

/** Undefined when the signal aborted first. */
export async function claimPort(claim: PortClaim): Promise<ListenPlace | undefined> {
  const giveUpMono = claim.nowMono() + (claim.patienceMs ?? PATIENCE_MS);
  let onStandby = false;
  while (!claim.signal.aborted) {
    const taken = await tryListen(claim);
    if (!(taken instanceof Error)) return taken;
    if (claim.signal.aborted) return undefined;
    const held: boolean = onStandby || isSamePort(claim.settings, await claim.askGateway());
    if (!held && claim.nowMono() >= giveUpMono) throw portInUse(claim.settings, taken);
    if (held && !onStandby) claim.onStandby();
    onStandby = held;
    await pause(claim.signal);
  }
  return undefined;
}

/** The error only when the port is busy; any other failure is thrown. */
async function tryListen(claim: PortClaim): Promise<ListenPlace | Error> {
  try {
    return await claim.listen();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A service that stops refuses its port too; nothing has failed.
    if (code === 'EADDRINUSE' || claim.signal.aborted) return error as Error;
    throw cannotListen(claim.settings, code ?? 'unknown error', error);
  }
}

/** True when `gateway` holds what `settings` asks for: the same port on the same or on every address. */
export function isSamePort(
  settings: Pick<WebSocketEventsSettings, 'address' | 'port'>,
  gateway: StatusView['gateway'],
): boolean {
  if (gateway === null || gateway.port !== settings.port) return false;
  const addresses = [gateway.address, settings.address];
  return gateway.address === settings.address || addresses.some(isWildcard);
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

async function pause(signal: AbortSignal): Promise<void> {
  try {
    await delay(RETRY_MS, undefined, { signal });
  } catch {
    // Only an abort ends the delay early, and the loop looks at the signal itself.
  }
}

type Place = Pick<WebSocketEventsSettings, 'address' | 'port'>;

function portInUse({ address, port }: Place, cause: Error): TaskbellError {
  return new TaskbellError(
    'E_PORT_IN_USE',
    `The gateway cannot listen on ${address}:${port}: another program uses this port.`,
    {
      hint: `Stop it (\`ss -ltnp sport = :${port}\` names it), or set [webSocketEvents] port.`,
      cause,
    },
  );
}

function cannotListen({ address, port }: Place, code: string, cause: unknown): TaskbellError {
  return new TaskbellError(
    'E_CANNOT_CREATE',
    `The gateway cannot listen on ${address}:${port} (${code}).`,
    {
      hint: 'Set [webSocketEvents] address to one of this machine and port to one above 1023.',
      cause,
    },
  );
}
