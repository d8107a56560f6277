/** The token of the control API over TCP: made at the first start; whoever can read the file may use the API. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function apiToken(dataDirectory: string): string {
  const file = join(dataDirectory, 'api-token');
  // An empty file is what a full disk or a kill left: nobody could ever use the API with it.
  const known = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (known !== '') return known;
  const token = randomBytes(32).toString('base64url');
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return token;
}
