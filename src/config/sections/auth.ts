/** The keys of [auth] and [issuer:NAME]: whose tokens are accepted, and what verifies them. */
import { filePath } from '../credential-name.ts';
import { emptyKey, key, nullable, onReload, type SectionDefinition } from '../key-definition.ts';
import type { AuthSettings, IssuerSettings } from '../settings.ts';
import { duration, listOf, matching, oneOf, secureUrl, text } from '../value-types.ts';

const ALGORITHMS = key(
  listOf(oneOf('RS256', 'ES256', 'EdDSA')),
  'RS256, ES256, EdDSA',
  'Signature algorithms that are accepted.',
);

const USER_ID_CLAIM = key(
  matching('dotted path of a claim, such as data.id', /^[^\s.]+(\.[^\s.]+)*$/),
  'data.id',
  "Claim that holds the user's id.",
);

export const AUTH: SectionDefinition<AuthSettings> = {
  name: 'auth',
  comment: 'Access tokens (JWT) of subscribers.',
  instance: null,
  reload: 'gateways',
  keys: {
    publicKeyFile: nullable(
      filePath,
      'PEM public key that tokens are verified with; empty: every token is invalid.',
      './keys/public.pem',
    ),
    jwksUrl: nullable(
      secureUrl,
      'Key set (JWKS) that is fetched instead of a key file; https, or http on this machine.',
      'https://id.example.org/jw-certs',
    ),
    privateKeyFile: onReload(
      'live',
      nullable(filePath, 'For development: `token issue` signs with it.', './keys/private.pem'),
    ),
    issuer: nullable(
      text,
      'What the `iss` claim must be; empty: any issuer without a section of its own.',
      'https://id.example.org',
    ),
    audience: nullable(text, 'What the `aud` claim must hold; empty: not checked.', 'taskbell'),
    algorithms: ALGORITHMS,
    userIdClaim: USER_ID_CLAIM,
    onExpiry: key(
      oneOf('close', 'keep'),
      'close',
      'What happens to a connection when its newest token has expired.',
    ),
    expiryGrace: key(duration(), '60s', 'How long after the expiry it is closed.'),
  },
};

export const ISSUER: SectionDefinition<Omit<IssuerSettings, 'name'>> = {
  name: 'issuer',
  comment:
    'A further issuer of access tokens. Its keys verify its tokens and no others; those of [auth] verify none of its.',
  instance: { exampleName: 'partner', refuse: () => null },
  reload: 'gateways',
  keys: {
    issuer: emptyKey(text, {
      comment: 'The `iss` claim of its tokens, exactly.',
      example: 'https://id.partner.example',
      empty: () => '',
    }),
    publicKeyFile: nullable(
      filePath,
      'PEM public key that its tokens are verified with; this or jwksUrl.',
      './keys/partner.pem',
    ),
    jwksUrl: nullable(
      secureUrl,
      'Key set (JWKS) that is fetched; https, or http on this machine.',
      'https://id.partner.example/jw-certs',
    ),
    audience: nullable(text, 'What the `aud` claim must hold; empty: not checked.', 'taskbell'),
    algorithms: ALGORITHMS,
    userIdClaim: USER_ID_CLAIM,
    onExpiry: nullable(
      oneOf('close', 'keep'),
      'What happens to a connection when its newest token has expired; empty: as in [auth].',
      'close',
    ),
  },
};
