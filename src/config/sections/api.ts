/** The keys of [auth], [access] and [api]: who may come in, and by which door. */
import { key, nullable, type SectionDefinition } from '../key-definition.ts';
import type { AccessSettings, ApiSettings, AuthSettings } from '../settings.ts';
import { duration, integer, listOf, matching, oneOf, path, text } from '../value-types.ts';

const HOST = matching('host name or IP address', /^[^\s/]+$/);

export const AUTH: SectionDefinition<AuthSettings> = {
  name: 'auth',
  comment: 'Access tokens (JWT) of subscribers.',
  instance: null,
  keys: {
    publicKeyFile: nullable(
      path,
      'PEM public key that tokens are verified with; empty: every token is invalid.',
      './keys/public.pem',
    ),
    privateKeyFile: nullable(
      path,
      'For development: `token issue` signs with it.',
      './keys/private.pem',
    ),
    issuer: nullable(
      text,
      'What the `iss` claim must be; empty: any issuer.',
      'https://id.example.org',
    ),
    audience: nullable(text, 'What the `aud` claim must hold; empty: not checked.', 'taskbell'),
    algorithms: key(
      listOf(oneOf('RS256', 'ES256', 'EdDSA')),
      'RS256, ES256, EdDSA',
      'Signature algorithms that are accepted.',
    ),
    userIdClaim: key(
      matching('dotted path of a claim, such as data.id', /^[^\s.]+(\.[^\s.]+)*$/),
      'data.id',
      "Claim that holds the user's id.",
    ),
    onExpiry: key(
      oneOf('close', 'keep'),
      'close',
      'What happens to a connection when its newest token has expired.',
    ),
    expiryGrace: key(duration(), '60s', 'How long after the expiry it is closed.'),
  },
};

export const ACCESS: SectionDefinition<AccessSettings> = {
  name: 'access',
  comment: 'Which users exist and what they may see.',
  instance: null,
  keys: {
    users: key(oneOf('any', 'directory'), 'any', 'directory: only users made by `user add`.'),
    datasets: key(oneOf('any', 'directory'), 'any', 'directory: only what `access grant` granted.'),
  },
};

export const API: SectionDefinition<ApiSettings> = {
  name: 'api',
  comment: 'The control API over TCP, beside the unix socket.',
  instance: null,
  keys: {
    address: key(HOST, '127.0.0.1', 'Address to listen on.'),
    port: key(integer(0, 65_535), '0', 'Port to listen on; 0: no TCP listener.'),
  },
};

/** Shared with [webSocketEvents], the other listener. */
export const LISTEN_ADDRESS = HOST;
