/**
 * Where the control server listens: on a socket file and a port of its own, or on sockets that a service manager
 * opened and keeps. Refuses a given socket that commands would not find.
 */
import { chmodSync, fstatSync, lstatSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { TaskbellError } from '../protocol/errors.ts';
import type { ListenPlace } from '../protocol/supervision.ts';

/** @param given descriptor of a socket that listens already */
export async function listenAtPath(server: Server, path: string, given?: number): Promise<void> {
  if (given !== undefined) {
    checkGivenPath(path, given);
    await listen(server, { fd: given }, 'the control socket of the service manager');
    return;
  }
  removeDeadSocket(path);
  await listen(server, { path }, path);
  chmodSync(path, 0o600);
}

/** @returns where it listens */
export async function listenAtPort(
  server: Server,
  { address, port }: ListenPlace,
  given?: number,
): Promise<ListenPlace> {
  if (given === undefined) await listen(server, { host: address, port }, `${address}:${port}`);
  else await listen(server, { fd: given }, 'the socket of the service manager');
  const place = server.address();
  if (place !== null && typeof place === 'object') {
    return { address: place.address, port: place.port };
  }
  // Node has no address for the socket of a file that it did not open itself.
  server.close();
  throw noPort();
}

/** A file has no port: neither tokens nor the Host of a request could be judged by where it came. */
function noPort(): TaskbellError {
  return new TaskbellError(
    'E_CONFIG',
    'The service manager gave the socket "http" without a port, expected an address with one.',
    { hint: 'Set ListenStream=127.0.0.1:8080 in its unit; a socket file for commands is "ctl".' },
  );
}

/** Executors, gateways and commands go by the configured path. */
function checkGivenPath(path: string, given: number): void {
  const found = pathOf(given);
  if (found === undefined || sameFile(found, path)) return;
  throw new TaskbellError(
    'E_CONFIG',
    `The service manager gave a control socket at ${found}, expected ${path} ([daemon] controlSocket).`,
    { hint: `Set ListenStream=${path} in the socket unit "ctl", or controlSocket = ${found}.` },
  );
}

/** As proc(5) has it under /proc/net/unix; undefined where that cannot be told. */
function pathOf(descriptor: number): string | undefined {
  try {
    const inode = String(fstatSync(descriptor).ino);
    const lines = readFileSync('/proc/net/unix', 'utf8').split('\n');
    const [, , , , , , , ...path] =
      lines.map((line) => line.split(' ').filter(Boolean)).find((line) => line[6] === inode) ?? [];
    return path.length === 0 ? undefined : path.join(' ');
  } catch {
    // No /proc, or one that hides it: then nothing is known against the socket.
    return undefined;
  }
}

function sameFile(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    // One of them does not exist.
    return false;
  }
}

function removeDeadSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new TaskbellError(
      'E_CANNOT_CREATE',
      `The control server cannot listen on ${path}: a file of this name is there, and it is no socket.`,
      { hint: 'Move the file away, or set [daemon] controlSocket to another path.' },
    );
  }
  rmSync(path);
}

type Target =
  | { readonly path: string }
  | { readonly host: string; readonly port: number }
  | { readonly fd: number };

function listen(server: Server, target: Target, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, name)));
    server.listen(target, () => {
      server.removeAllListeners('error');
      // An error of a listening server (out of descriptors, say) must not end the process.
      server.on('error', () => undefined);
      resolve();
    });
  });
}

function explain(error: NodeJS.ErrnoException, name: string): TaskbellError {
  const code = error.code === 'EADDRINUSE' ? 'E_PORT_IN_USE' : 'E_CANNOT_CREATE';
  const hint =
    code === 'E_PORT_IN_USE'
      ? 'Stop the program that listens there, or set [api] port to another one.'
      : 'Check the directory of [daemon] controlSocket, or the address in [api].';
  return new TaskbellError(code, `The control server cannot listen on ${name}: ${error.message}.`, {
    hint,
    cause: error,
  });
}
