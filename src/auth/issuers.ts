/**
 * Who may issue tokens: the issuer of [auth] and those of [issuer:NAME], each with its own keys and rules.
 *
 * A token has the issuer that its `iss` names, and nobody else's keys are tried on it. The issuer of [auth] may be
 * without a name: then it stands for all that have no section of their own.
 */
import { join } from 'node:path';
import type { AuthSettings, IssuerSettings } from '../config/settings.ts';
import { fileKeySource, type KeySource } from './public-key.ts';
import { type KeySetNews, RemoteKeys } from './remote-keys.ts';

export interface Issuer {
  /** What `iss` must be; null: anything that is not another issuer's. */
  readonly issuer: string | null;
  readonly audience: string | null;
  readonly userIdClaim: string;
  readonly onExpiry: 'close' | 'keep';
  readonly source: KeySource;
}

export interface IssuerParts {
  /** Where fetched key sets are kept over restarts; null: nowhere. */
  readonly directory: string | null;
  readonly now: () => number;
  readonly nowMono: () => number;
  readonly tell: (news: KeySetNews) => void;
  readonly fetchTimeoutMs?: number | undefined;
}

/** @throws TaskbellError `E_KEY_FILE` when a configured key cannot be used */
export function createIssuers(
  auth: AuthSettings,
  further: readonly IssuerSettings[],
  parts: IssuerParts,
): readonly Issuer[] {
  const all = [
    ...further.map((one) => ({
      ...{ ...one, onExpiry: one.onExpiry ?? auth.onExpiry },
      file: `issuer-${one.name}.json`,
    })),
    { ...auth, file: 'auth.json' },
  ];
  return all.flatMap((settings) => {
    const { issuer, audience, userIdClaim, onExpiry } = settings;
    const source = sourceOf(settings, settings.file, parts);
    return source === undefined ? [] : [{ issuer, audience, userIdClaim, onExpiry, source }];
  });
}

/** Undefined: the token's issuer is none of them. */
export function issuerFor(issuers: readonly Issuer[], iss: unknown): Issuer | undefined {
  return (
    issuers.find(({ issuer }) => issuer === iss) ?? issuers.find(({ issuer }) => issuer === null)
  );
}

function sourceOf(
  settings: Pick<IssuerSettings, 'publicKeyFile' | 'jwksUrl' | 'algorithms'>,
  fileName: string,
  { directory, ...parts }: IssuerParts,
): KeySource | undefined {
  const { publicKeyFile, jwksUrl, algorithms } = settings;
  if (publicKeyFile !== null) return fileKeySource(publicKeyFile, algorithms);
  if (jwksUrl === null) return undefined;
  const file = directory === null ? null : join(directory, fileName);
  return new RemoteKeys({ ...parts, url: jwksUrl, algorithms, file });
}
