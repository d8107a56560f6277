/** All that can be said of a configuration before a process works with it: `config check` says it, and so does a reload. */
import type { NamedCredential } from '../config/credentials.ts';
import type { Loaded } from '../config/load-settings.ts';

/** @throws TaskbellError when a file that it names is not there, or does not hold what it should */
export async function checkConfiguration({ settings }: Loaded): Promise<void> {
  const { checkFiles } = await import('../config/check-files.ts');
  checkFiles(settings);
  const { createTokenVerifier } = await import('../auth/token-verifier.ts');
  // Reads the key, as the gateway will: a file that holds none is a mistake, too.
  createTokenVerifier(settings.auth, { issuers: settings.issuers });
  const { keysFile } = settings.privacy;
  if (keysFile === null) return;
  const { readKeyFile } = await import('../privacy/key-file.ts');
  readKeyFile(keysFile);
}

/**
 * As far as it can be checked outside of the service: credentials are handed over to that alone.
 *
 * @returns those that could not be looked at
 */
export async function checkOutside(loaded: Loaded): Promise<readonly NamedCredential[]> {
  const { namedCredentials, withoutCredentials } = await import('../config/credentials.ts');
  const later = namedCredentials(loaded.sections);
  const settings = later.length === 0 ? loaded.settings : withoutCredentials(loaded.settings);
  await checkConfiguration({ ...loaded, settings });
  return later;
}
