/** The commands about events and about who may see them, as the command table lists them. */
import type { Group } from './listed-command.ts';

export const EVENT_GROUPS: readonly Group[] = [
  {
    name: 'event',
    summary: 'publish and follow events',
    verbs: [
      {
        name: 'publish',
        summary: 'publish an event, or those of a file',
        load: async () => (await import('./commands/event/publish.ts')).define,
      },
      {
        name: 'tail',
        summary: 'print events as they happen',
        load: async () => (await import('./commands/event/tail.ts')).define,
      },
      {
        name: 'history',
        summary: 'print what the log holds of an object',
        load: async () => (await import('./commands/event/history.ts')).define,
      },
      {
        name: 'types',
        summary: 'list the event types',
        load: async () => (await import('./commands/event/types.ts')).define,
      },
      {
        name: 'topics',
        summary: 'list what clients wait for, by their number',
        load: async () => (await import('./commands/event/topics.ts')).define,
      },
      {
        name: 'asyncapi',
        summary: 'describe the events as an AsyncAPI document',
        load: async () => (await import('./commands/event/asyncapi.ts')).define,
      },
    ],
  },
  {
    name: 'connections',
    summary: 'clients that are connected to the event gateways',
    verbs: [
      {
        name: 'list',
        summary: 'list the connections of clients',
        load: async () => (await import('./commands/connections/list.ts')).define,
      },
      {
        name: 'close',
        summary: 'close a connection, or those of a user',
        load: async () => (await import('./commands/connections/close.ts')).define,
      },
    ],
  },
  {
    name: 'token',
    summary: 'access tokens: make one, look at one, refuse some',
    verbs: [
      {
        name: 'issue',
        summary: 'sign an access token with the development key',
        load: async () => (await import('./commands/token/issue.ts')).define,
      },
      {
        name: 'inspect',
        summary: 'take a token apart and check it',
        load: async () => (await import('./commands/token/inspect.ts')).define,
      },
      {
        name: 'revoke',
        summary: 'refuse tokens before they expire, and close their connections',
        load: async () => (await import('./commands/token/revoke.ts')).define,
      },
      {
        name: 'revocations',
        summary: 'list the tokens that are refused',
        load: async () => (await import('./commands/token/revocations.ts')).define,
      },
      {
        name: 'restore',
        summary: 'take a revocation back',
        load: async () => (await import('./commands/token/restore.ts')).define,
      },
    ],
  },
  {
    name: 'user',
    summary: 'users of the directory',
    verbs: [
      {
        name: 'add',
        summary: 'add a user, or rename one',
        load: async () => (await import('./commands/user/add.ts')).define,
      },
      {
        name: 'list',
        summary: 'list the users',
        load: async () => (await import('./commands/user/list.ts')).define,
      },
      {
        name: 'remove',
        summary: 'remove a user and what was granted to them',
        load: async () => (await import('./commands/user/remove.ts')).define,
      },
    ],
  },
  {
    name: 'access',
    summary: 'who may subscribe to what',
    verbs: [
      {
        name: 'grant',
        summary: 'let a user subscribe to an object',
        load: async () => (await import('./commands/access/grant.ts')).define,
      },
      {
        name: 'revoke',
        summary: 'take a grant back',
        load: async () => (await import('./commands/access/revoke.ts')).define,
      },
      {
        name: 'recheck',
        summary: 'ask again what a user may see, of the access hook too',
        load: async () => (await import('./commands/access/recheck.ts')).define,
      },
      {
        name: 'list',
        summary: 'list the grants',
        load: async () => (await import('./commands/access/list.ts')).define,
      },
    ],
  },
];
