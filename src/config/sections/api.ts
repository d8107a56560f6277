/** The keys of [access], [api] and [edge]: who may see what, the door of operators, and the way to one elsewhere. */
import { filePath } from '../credential-name.ts';
import { key, list, nullable, onReload, type SectionDefinition } from '../key-definition.ts';
import type { AccessSettings, ApiSettings, EdgeSettings } from '../settings.ts';
import { duration, integer, listOf, matching, oneOf, secureUrl, url } from '../value-types.ts';

const HOST = matching('host name or IP address', /^[^\s/]+$/);

export const ACCESS: SectionDefinition<AccessSettings> = {
  name: 'access',
  comment: 'Which users exist and what they may see.',
  instance: null,
  reload: 'gateways',
  keys: {
    users: key(
      oneOf('any', 'directory', 'hook'),
      'any',
      'directory: only users made by `user add`; hook: whom the service at hookUrl knows.',
    ),
    datasets: key(
      oneOf('any', 'directory', 'hook'),
      'any',
      'directory: only what `access grant` granted; hook: what the service at hookUrl allows.',
    ),
    hookUrl: nullable(
      secureUrl,
      'Service that is asked by `hook`, with a POST for each question; https, or http on this machine.',
      'https://app.example.org/taskbell/access',
    ),
    hookSecretFile: nullable(
      filePath,
      'File with the secret (whsec_…) that questions are signed with; empty: not signed.',
      './keys/access-hook.secret',
    ),
    hookTimeout: key(
      duration(1, 60_000),
      '2s',
      'How long an answer may take; without one the question is answered with no.',
    ),
    hookCacheTime: key(
      duration(0, 86_400_000),
      '30s',
      'How long an answer of the service counts, yes or no; 0s: each time anew.',
    ),
  },
};

export const API: SectionDefinition<ApiSettings> = {
  name: 'api',
  comment: 'The control API over TCP, beside the unix socket.',
  instance: null,
  reload: 'restart',
  keys: {
    address: key(HOST, '127.0.0.1', 'Address to listen on.'),
    port: key(integer(0, 65_535), '0', 'Port to listen on; 0: no TCP listener.'),
    hosts: list(
      listOf(matching('host name, with its port where it is not the usual one', /^[^\s/]+$/)),
      '',
      'Names (Host headers) that clients reach it by besides the address, as through a proxy with TLS; *: any.',
    ),
  },
};

export const EDGE: SectionDefinition<EdgeSettings> = {
  name: 'edge',
  comment: 'For `web_socket edge`: the core elsewhere whose events are served here.',
  instance: null,
  reload: 'gateways',
  keys: {
    core: onReload(
      'restart',
      nullable(
        url('https', 'http'),
        'URL of its control API.',
        'https://taskbell.example.org:8443',
      ),
    ),
    tokenFile: nullable(
      filePath,
      'File with the token for edges of that API (edge-token in its data directory).',
      './keys/edge-token',
    ),
    caFile: nullable(
      filePath,
      'With https: file with the certificates that that of the core must come from; empty: those that Node trusts.',
      './keys/core-ca.pem',
    ),
  },
};

/** Shared with [webSocketEvents], the other listener. */
export const LISTEN_ADDRESS = HOST;
