/** Where the core of a gateway is, on this machine behind a socket or elsewhere, and which gateways it knows here. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ControlAddress } from '../client/control-address.ts';
import { ControlHttp } from '../client/control-http.ts';
import type { Settings } from '../config/settings.ts';
import type { Logger } from '../process/logger.ts';
import { TaskbellError } from '../protocol/errors.ts';
import type { StatusView } from '../protocol/status.ts';
import type { SupervisorMode } from '../protocol/supervision.ts';

const STATUS_TIMEOUT_MS = 1_000;
const TOKEN_HINT = "Copy edge-token from the core's data directory.";
const CA_HINT =
  'Put the certificate of the authority there that signed that of the core, beginning with -----BEGIN CERTIFICATE-----.';

/** @throws TaskbellError E_KEY_FILE when the token or the certificates of an edge cannot be read, or are none */
export function corePlace(
  { daemon, edge }: Pick<Settings, 'daemon' | 'edge'>,
  mode: SupervisorMode,
): ControlAddress {
  if (mode !== 'edge') return { socketPath: daemon.controlSocket };
  const { core, tokenFile, caFile } = edge;
  if (core === null || tokenFile === null) {
    throw new TaskbellError('E_CONFIG', 'An edge needs [edge] core and [edge] tokenFile.', {
      hint: 'core is the URL of the control API; the token is in edge-token of its data directory.',
    });
  }
  const place = { url: core, token: readToken(tokenFile) };
  return caFile === null ? place : { ...place, ca: readCertificates(caFile) };
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
  const token = readOf('tokenFile', file, TOKEN_HINT).trim();
  // What could not stand in a header would fail later, and without a name.
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw fileError(
    `[edge] tokenFile: expected one token in ${file}, got something else.`,
    TOKEN_HINT,
  );
}

function readCertificates(file: string): string {
  const text = readOf('caFile', file, CA_HINT);
  try {
    // What is none would be passed over without a word, and no core would be trusted.
    new X509Certificate(text);
    return text;
  } catch (cause) {
    const message = `[edge] caFile: expected certificates (PEM) in ${file}, got something else.`;
    throw fileError(message, CA_HINT, cause);
  }
}

function readOf(key: string, file: string, hint: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw fileError(`[edge] ${key}: ${file} cannot be read (${code}).`, hint, cause);
  }
}

function fileError(message: string, hint: string, cause?: unknown): TaskbellError {
  return new TaskbellError('E_KEY_FILE', message, { hint, cause });
}
