/** Where the core of a gateway is, on this machine behind a socket or elsewhere, and which gateways it knows here. */
import { readFileSync } from 'node:fs';
import type { ControlAddress } from '../client/control-address.ts';
import { ControlHttp } from '../client/control-http.ts';
import type { Settings } from '../config/settings.ts';
import type { Logger } from '../process/logger.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { StatusView } from '../protocol/status.ts';
import type { SupervisorMode } from '../protocol/supervision.ts';

const STATUS_TIMEOUT_MS = 1_000;

/** @throws TaskbellError E_KEY_FILE when the token of an edge cannot be read, or is empty */
export function corePlace(
  { daemon, edge }: Pick<Settings, 'daemon' | 'edge'>,
  mode: SupervisorMode,
): ControlAddress {
  if (mode !== 'edge') return { socketPath: daemon.controlSocket };
  const { core, tokenFile } = edge;
  if (core === null || tokenFile === null) {
    throw new TaskbellError('E_CONFIG', 'An edge needs [edge] core and [edge] tokenFile.', {
      hint: 'core is the URL of the control API; the token is in api-token of its data directory.',
    });
  }
  return { url: core, token: readToken(tokenFile) };
}

/** The gateway that the core knows of on this machine; null when there is none or the core cannot say. */
export async function askGateway(
  core: ControlAddress,
  log: Logger,
): Promise<StatusView['gateway']> {
  // A core elsewhere knows its own machine's.
  if (!('socketPath' in core)) return null;
  const http = new ControlHttp(core, 0);
  try {
    const call = { method: 'GET', path: '/v1/status', timeoutMs: STATUS_TIMEOUT_MS } as const;
    const status = (await http.call(call)) as Partial<StatusView> | undefined;
    return status?.gateway ?? null;
  } catch (err) {
    // The core may be starting; the caller asks again until its patience ends.
    log.debug({ err }, 'the core cannot say who serves the port');
    return null;
  } finally {
    http.close();
  }
}

function readToken(file: string): string {
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw tokenError(
      `[edge] tokenFile: ${file} cannot be read (${code ?? 'unknown error'}).`,
      cause,
    );
  }
  // What could not stand in a header would fail later, and without a name.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw tokenError(`[edge] tokenFile: expected one token in ${file}, got something else.`);
  }
  return token;
}

function tokenError(message: string, cause?: unknown): TaskbellError {
  const hint = "Copy api-token from the core's data directory.";
  return new TaskbellError('E_KEY_FILE', message, { hint, cause });
}
