/**
 * Looks at the files that settings name: there, regular and readable. Reads none of them.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { TaskbellError } from '../protocol/errors.ts';
import { CREDENTIAL_PREFIX } from './credential-name.ts';
import type { Settings } from './settings.ts';

interface Named {
  readonly key: string;
  readonly path: string | null;
}

/** @throws TaskbellError E_KEY_FILE that names each missing or unreadable file and the key that wants it */
export function checkFiles(settings: Settings): void {
  const named = [
    { key: '[auth] publicKeyFile', path: settings.auth.publicKeyFile },
    ...settings.issuers.map(({ name, publicKeyFile }) => ({
      key: `[issuer:${name}] publicKeyFile`,
      path: publicKeyFile,
    })),
    { key: '[access] hookSecretFile', path: settings.access.hookSecretFile },
    { key: '[edge] tokenFile', path: settings.edge.tokenFile },
    { key: '[edge] caFile', path: settings.edge.caFile },
    { key: '[webSocket] tokenFile', path: settings.webSocket.tokenFile },
    { key: '[privacy] keysFile', path: settings.privacy.keysFile },
    ...settings.events.map(({ name, schema }) => ({ key: `[event:${name}] schema`, path: schema })),
    ...settings.jobs.map(({ name, secretFile }) => ({
      key: `[job:${name}] secretFile`,
      path: secretFile,
    })),
    ...unresolvedSecrets(settings),
  ];
  const problems = named.flatMap(({ key, path }) => {
    const reason = path === null ? null : whyUnreadable(path);
    return reason === null ? [] : [`${key}: expected a readable file at ${path}, but ${reason}`];
  });
  if (problems.length === 0) return;
  throw new TaskbellError('E_KEY_FILE', problems.join('\n'), {
    hint: 'Put the file there, or correct the path in the configuration; `taskbell init` makes a development key pair.',
  });
}

/** Secrets that stand in the configuration itself are no files, but may be credentials that nobody has handed over. */
function unresolvedSecrets({ webSocket, jobs }: Settings): readonly Named[] {
  const maps = [
    { label: '[webSocket] query', values: webSocket.query },
    { label: '[webSocket] auth', values: webSocket.auth },
    ...jobs.map(({ name, header }) => ({ label: `[job:${name}] header`, values: header })),
  ];
  return maps.flatMap(({ label, values }) =>
    Object.entries(values)
      .filter(([, value]) => value.startsWith(CREDENTIAL_PREFIX))
      .map(([name, value]) => ({ key: `${label}.${name}`, path: value })),
  );
}

function whyUnreadable(path: string): string | null {
  if (path.startsWith(CREDENTIAL_PREFIX)) return 'no service manager gave any credentials';
  try {
    if (!statSync(path).isFile()) return 'it is not a regular file';
    accessSync(path, constants.R_OK);
    return null;
  } catch (error) {
    // Becomes the reason in the one error for all files.
    const code = (error as NodeJS.ErrnoException).code ?? 'an unknown error';
    return code === 'ENOENT' ? 'there is none' : `it cannot be read (${code})`;
  }
}
