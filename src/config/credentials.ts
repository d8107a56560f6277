/**
 * `credential:NAME` in place of a file's path or of a secret: what systemd's LoadCredential= hands to a service
 * (https://systemd.io/CREDENTIALS/). Inside of the service it is a file of $CREDENTIALS_DIRECTORY; anywhere else
 * it stays a name, so that commands work whose business it is not.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Assignment } from './assignment.ts';
import { CREDENTIAL_PREFIX, filePath, isCredentialName } from './credential-name.ts';
import { isSecret } from './keys.ts';
import type { ConfigProblem } from './origin.ts';
import type { ResolvedSection } from './resolve.ts';
import type { Settings } from './settings.ts';

interface WithCredentials {
  readonly assignments: readonly Assignment[];
  readonly problems: readonly ConfigProblem[];
}

/** @param directory `$CREDENTIALS_DIRECTORY`; undefined outside of a service that has any */
export function resolveCredentials(
  assignments: readonly Assignment[],
  directory: string | undefined,
): WithCredentials {
  if (directory === undefined || directory === '') return { assignments, problems: [] };
  const resolved = assignments.map((one) => resolveCredential(one, directory));
  return {
    assignments: resolved.map(({ assignment }) => assignment),
    problems: resolved.flatMap(({ problem }) => problem ?? []),
  };
}

interface Resolved {
  readonly assignment: Assignment;
  readonly problem?: ConfigProblem;
}

function resolveCredential(assignment: Assignment, directory: string): Resolved {
  const { section, key, text, origin } = assignment;
  const name = credentialIn(text);
  if (name === undefined) return { assignment };
  const file = join(directory, name);
  if (key.definition.form === 'value') {
    const isFile = key.definition.type === filePath;
    return { assignment: isFile ? { ...assignment, text: file } : assignment };
  }
  if (!isSecret(key.definition)) return { assignment };
  try {
    return { assignment: { ...assignment, text: readFileSync(file, 'utf8').trim() } };
  } catch (error) {
    // Becomes one problem among all that the configuration has.
    const reason = error instanceof Error ? error.message : String(error);
    const words = `[${section.label}] ${key.key}: expected the credential ${name}, but ${reason}`;
    return { assignment, problem: { origin, text: words } };
  }
}

export interface NamedCredential {
  /** `[webSocket] tokenFile`. */
  readonly key: string;
  readonly name: string;
}

/** Those that are still names: a service manager has to hand them over. */
export function namedCredentials(sections: readonly ResolvedSection[]): readonly NamedCredential[] {
  return sections.flatMap(({ section, entries }) =>
    entries.flatMap(({ key, definition, value }) => {
      const isPlace =
        definition.form === 'value' ? definition.type === filePath : isSecret(definition);
      const name = isPlace && typeof value === 'string' ? credentialIn(value) : undefined;
      return name === undefined ? [] : [{ key: `[${section.label}] ${key}`, name }];
    }),
  );
}

function credentialIn(text: string): string | undefined {
  if (!text.startsWith(CREDENTIAL_PREFIX)) return undefined;
  const name = text.slice(CREDENTIAL_PREFIX.length);
  return isCredentialName(name) ? name : undefined;
}

/** Settings whose credentials are left out, for checks outside of the service, where nobody has handed them over. */
export function withoutCredentials(settings: Settings): Settings {
  const { auth, issuers, access, privacy, edge, webSocket, jobs } = settings;
  return {
    ...settings,
    auth: { ...auth, publicKeyFile: known(auth.publicKeyFile) },
    issuers: issuers.filter(({ publicKeyFile }) => known(publicKeyFile) === publicKeyFile),
    access: { ...access, hookSecretFile: known(access.hookSecretFile) },
    privacy: { ...privacy, keysFile: known(privacy.keysFile) },
    edge: { ...edge, tokenFile: known(edge.tokenFile), caFile: known(edge.caFile) },
    webSocket: { ...webSocket, tokenFile: known(webSocket.tokenFile), auth: {}, query: {} },
    jobs: jobs.map((job) => ({ ...job, secretFile: known(job.secretFile), header: {} })),
  };
}

function known(file: string | null): string | null {
  return file === null || credentialIn(file) !== undefined ? null : file;
}
