/**
 * The tokens of the control API over TCP, one for each role: made at the first start, in files of the data directory.
 * Whoever can read such a file has its role; who removes it before a start gets another token.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** `edge`: only what a gateway elsewhere needs. */
export type ApiRole = 'admin' | 'edge';

export type ApiTokens = Readonly<Record<ApiRole, string>>;

const FILES: Readonly<Record<ApiRole, string>> = { admin: 'api-token', edge: 'edge-token' };

export function apiTokens(dataDirectory: string): ApiTokens {
  return {
    admin: tokenIn(join(dataDirectory, FILES.admin)),
    edge: tokenIn(join(dataDirectory, FILES.edge)),
  };
}

/** @param authorization the header; undefined: nobody's */
export function roleOf(authorization: string | undefined, tokens: ApiTokens): ApiRole | undefined {
  const given = digest(authorization ?? '');
  const roles: readonly ApiRole[] = ['admin', 'edge'];
  return roles.find((role) => timingSafeEqual(given, digest(`Bearer ${tokens[role]}`)));
}

/** Of one length, as a comparison in constant time wants it. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function tokenIn(file: string): string {
  // An empty file is what a full disk or a kill left: nobody could ever use the API with it.
  const known = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (known !== '') return known;
  const token = randomBytes(32).toString('base64url');
  // Whole or not at all, and not in a file that others may read.
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${token}\n`, { mode: 0o600 });
  renameSync(draft, file);
  return token;
}
