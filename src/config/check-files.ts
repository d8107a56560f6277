/**
 * Looks at the files that settings name: there, regular and readable. Reads none of them.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { TaskbellError } from '../protocol/errors.ts';
import type { Settings } from './settings.ts';

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

function whyUnreadable(path: string): string | null {
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
