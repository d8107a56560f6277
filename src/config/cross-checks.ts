/**
 * Checks that need more than one value, or more than the text: the socket's path, the file's mode. Pure.
 */
import type { ConfigFile } from './config-file.ts';
import { isSecret } from './keys.ts';
import type { ConfigProblem, Origin } from './origin.ts';
import type { ResolvedSection } from './resolve.ts';
import { joinWords } from './shell-words.ts';

/** sun_path holds 108 bytes, the last of them NUL: unix(7). */
const MAX_SOCKET_PATH_BYTES = 107;
const READABLE_BY_OTHERS = 0o044;

/** A socket path that the system would refuse, whichever of the two keys made it too long. */
export function checkControlSocket(sections: readonly ResolvedSection[]): readonly ConfigProblem[] {
  const entries = sections.find(({ section }) => section.label === 'daemon')?.entries ?? [];
  const socket = entries.find(({ key }) => key === 'controlSocket');
  const directory = entries.find(({ key }) => key === 'dataDirectory');
  const path = String(socket?.value);
  const bytes = Buffer.byteLength(path);
  if (socket === undefined || bytes <= MAX_SOCKET_PATH_BYTES) return [];
  const origin = isGiven(socket) ? socket.origin : (directory?.origin ?? socket.origin);
  const text =
    `[daemon] controlSocket: expected a path of at most ${MAX_SOCKET_PATH_BYTES} bytes, ` +
    `got ${bytes} (${path}); set [daemon] controlSocket to a shorter path, such as /run/taskbell/control.sock`;
  return [{ origin, text }];
}

/** Secrets in a file that others may read. Names the first of them, never its value. */
export function checkSecrecy(
  file: ConfigFile | null,
  sections: readonly ResolvedSection[],
): readonly ConfigProblem[] {
  if (file === null || (file.mode & READABLE_BY_OTHERS) === 0) return [];
  const secrets = sections.flatMap(({ section, entries }) =>
    entries.filter(({ definition }) => isSecret(definition)).map((entry) => ({ section, entry })),
  );
  const first = secrets.find(({ entry }) => entry.origin.kind === 'file');
  if (first === undefined) return [];
  const { section, entry } = first;
  const mode = file.mode.toString(8).padStart(4, '0');
  const command = joinWords(['chmod', '600', file.path]);
  const text = `[${section.label}] ${entry.key} is secret, but others may read this file (mode ${mode}); run: ${command}`;
  return [{ origin: entry.origin, text }];
}

function isGiven({ origin }: { readonly origin: Origin }): boolean {
  return origin.kind !== 'default';
}
