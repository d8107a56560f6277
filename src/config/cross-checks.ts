/**
 * Checks that need more than one value, or more than the text: the socket's path, the file's mode,
 * the times of schedules. Pure.
 */
import { findTimingProblem } from '../schedule/check-timing.ts';
import type { ConfigFile } from './config-file.ts';
import { isSecret } from './keys.ts';
import type { ConfigProblem, Origin } from './origin.ts';
import type { Resolution, ResolvedEntry, ResolvedSection } from './resolve.ts';
import type { ScheduleSettings } from './settings.ts';
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

/** Names of job types and queues. */
const NAME = /^[A-Za-z0-9_.:-]{1,100}$/;
const NAME_RULE = 'a name of 1 to 100 letters, digits, "_", ".", ":" or "-"';

/** Schedules that could never run. @param now epoch milliseconds */
export function checkSchedules(
  { sections, problems }: Resolution,
  now: number,
): readonly ConfigProblem[] {
  return (
    sections
      .filter(({ section }) => section.definition.name === 'schedule')
      // What a value that cannot be read means together with others, nobody knows.
      .filter(({ section }) => !problems.some(({ text }) => text.startsWith(`[${section.label}] `)))
      .flatMap((section) => checkSchedule(section, now))
  );
}

function checkSchedule(
  { section, entries }: ResolvedSection,
  now: number,
): readonly ConfigProblem[] {
  // The table of keys is typed by this very interface; see build-settings.ts.
  const values = Object.fromEntries(entries.map(({ key, value }) => [key, value]));
  const { cron, every, timezone, job, queue, ...rest } = values as unknown as ScheduleSettings;
  const timing = findTimingProblem({ ...rest, cron, every, timezone }, now);
  const found: { readonly key: string; readonly text: string | null }[] = [
    { key: timing?.field ?? 'cron', text: timing?.text ?? null },
    { key: 'job', text: nameProblem('the type of a job', job) },
    { key: 'queue', text: queue === null ? null : nameProblem('a queue', queue) },
  ];
  return found
    .filter(({ text }) => text !== null)
    .map(({ key, text }) => ({
      origin: originOf(entries, key),
      text: `[${section.label}] ${key}: ${text}`,
    }));
}

function nameProblem(what: string, name: string): string | null {
  if (NAME.test(name)) return null;
  const got = name === '' ? 'nothing' : `"${name}"`;
  return `expected ${what}, ${NAME_RULE}, got ${got}`;
}

/** Of the key, or of the first one that was given in its section. */
function originOf(entries: readonly ResolvedEntry[], key: string): Origin {
  const given = entries.filter(isGiven);
  const own = given.find((entry) => entry.key === key);
  return (own ?? given[0])?.origin ?? { kind: 'default' };
}

function isGiven({ origin }: { readonly origin: Origin }): boolean {
  return origin.kind !== 'default';
}
