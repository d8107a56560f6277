/** The keys of [access] and [api]: who may see what, and the door of operators. */
import { key, type SectionDefinition } from '../key-definition.ts';
import type { AccessSettings, ApiSettings } from '../settings.ts';
import { integer, matching, oneOf } from '../value-types.ts';

const HOST = matching('host name or IP address', /^[^\s/]+$/);

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
