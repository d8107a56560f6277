/**
 * The one table of every section and key, and how names are looked up in it.
 *
 * From it come the parser, the checks, `config show`, config.ini.example and docs/configuration.md.
 * Pure; sections and keys match without regard to case.
 */
import { didYouMean } from './did-you-mean.ts';
import type { AnySection, Definition } from './key-definition.ts';
import { ACCESS, API, EDGE } from './sections/api.ts';
import { AUTH, ISSUER } from './sections/auth.ts';
import { DAEMON, WORKER } from './sections/daemon.ts';
import { EVENT, JOB, QUEUE } from './sections/job.ts';
import { BACKUP, PRIVACY, RETENTION } from './sections/retention.ts';
import { SCHEDULE } from './sections/schedule.ts';
import { WEB_SOCKET } from './sections/web-socket.ts';
import { WEB_SOCKET_EVENTS } from './sections/web-socket-events.ts';

export const SECTIONS: readonly AnySection[] = [
  DAEMON,
  WORKER,
  JOB,
  QUEUE,
  SCHEDULE,
  EVENT,
  WEB_SOCKET,
  WEB_SOCKET_EVENTS,
  AUTH,
  ISSUER,
  ACCESS,
  API,
  EDGE,
  RETENTION,
  BACKUP,
  PRIVACY,
];

const INSTANCE_NAME = /^[A-Za-z0-9_.-]{1,100}$/;

/** One section of a configuration: `[daemon]`, or `[job:NAME]` with its NAME. */
export interface SectionReference {
  readonly definition: AnySection;
  readonly name: string | null;
  /** `daemon` or `job:NAME`, spelled as in the table. */
  readonly label: string;
}

export interface KeyReference {
  readonly definition: Definition;
  /** `dataDirectory` or `environment.NAME`, spelled as in the table. */
  readonly key: string;
}

export type Lookup<T> = { readonly found: T } | { readonly problem: string };

/** @param header what stands between the brackets */
export function findSection(header: string): Lookup<SectionReference> {
  const [kind = '', ...rest] = header.split(':');
  const definition = SECTIONS.find((section) => section.name.toLowerCase() === kind.toLowerCase());
  if (definition === undefined)
    return { problem: `unknown section [${header}]${suggestSection(kind, rest)}` };
  if (definition.instance === null) {
    if (rest.length === 0) return { found: { definition, name: null, label: definition.name } };
    return { problem: `section [${header}] takes no name; expected [${definition.name}]` };
  }
  const name = rest.join(':');
  if (name === '__proto__' || !INSTANCE_NAME.test(name)) {
    const rule = 'a NAME of 1 to 100 letters, digits, "_", "." or "-"';
    return { problem: `section [${header}]: expected [${definition.name}:NAME] with ${rule}` };
  }
  const refusal = definition.instance.refuse(name);
  if (refusal !== null) return { problem: refusal };
  return { found: { definition, name, label: `${definition.name}:${name}` } };
}

export function findKey(section: SectionReference, key: string): Lookup<KeyReference> {
  const keys = Object.entries(section.definition.keys);
  const plain = keys.find(
    ([name, { form }]) => form === 'value' && name.toLowerCase() === key.toLowerCase(),
  );
  if (plain !== undefined) return { found: { key: plain[0], definition: plain[1] } };
  const dot = key.indexOf('.');
  const prefix = dot < 0 ? key : key.slice(0, dot);
  const mapped = keys.find(
    ([name, { form }]) => form === 'map' && name.toLowerCase() === prefix.toLowerCase(),
  );
  if (mapped === undefined) return { problem: unknownKey(section, key) };
  const [name, definition] = mapped;
  const member = dot < 0 ? '' : key.slice(dot + 1);
  return isMemberName(definition, member)
    ? { found: { key: `${name}.${member}`, definition } }
    : {
        problem: `[${section.label}] ${key}: expected ${name}.NAME with a NAME of letters, digits and "_"`,
      };
}

export function isMemberName(definition: Definition, member: string): boolean {
  return definition.form === 'map' && member !== '__proto__' && definition.namePattern.test(member);
}

export function isSecret(definition: Definition): boolean {
  return definition.form === 'map' && definition.secret;
}

function unknownKey(section: SectionReference, key: string): string {
  const names = Object.entries(section.definition.keys).map(([name, { form }]) =>
    form === 'map' ? `${name}.NAME` : name,
  );
  return `unknown key ${key} in [${section.label}]${didYouMean(key, names)}`;
}

function suggestSection(kind: string, rest: readonly string[]): string {
  const names = SECTIONS.map(({ name, instance }) =>
    instance === null ? `[${name}]` : `[${name}:${rest.join(':') || 'NAME'}]`,
  );
  return didYouMean(`[${[kind, ...rest].join(':')}]`, names);
}
