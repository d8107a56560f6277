/**
 * The configured events as an AsyncAPI 3.0 document: a channel for each type, its messages as events v1 and v2
 * write them, and the schema of its data. Pure; describes the gateway, which sends.
 */
import type { WebSocketEventsSettings } from '../config/settings.ts';
import type { EventTypeView } from '../protocol/events.ts';
import type { Json } from '../protocol/json.ts';

type JsonObject = { readonly [key: string]: Json };

export interface AsyncApiFacts {
  readonly types: readonly EventTypeView[];
  readonly gateway: Pick<WebSocketEventsSettings, 'address' | 'port' | 'path'>;
  readonly version: string;
}

export function asyncApiOf({ types, gateway, version }: AsyncApiFacts): JsonObject {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Taskbell events',
      version,
      description:
        'Events over one WebSocket. A client attaches to a type and an id; docs/protocol.md has every request and reply.',
    },
    defaultContentType: 'application/json',
    servers: { gateway: serverOf(gateway) },
    channels: byName(types, channelOf),
    operations: Object.fromEntries(types.map((type) => [`send.${type.name}`, operationOf(type)])),
    components: {
      schemas: Object.fromEntries(types.map((type) => [`${type.name}.data`, dataSchemaOf(type)])),
      messages: Object.fromEntries(types.flatMap(messagesOf)),
      securitySchemes: {
        token: {
          type: 'httpApiKey',
          in: 'header',
          name: 'Sec-WebSocket-Protocol',
          description:
            'An access token: in `auth` of each request, or as the subprotocol `bearer.TOKEN`.',
        },
      },
    },
  };
}

function byName(
  types: readonly EventTypeView[],
  make: (type: EventTypeView) => JsonObject,
): JsonObject {
  return Object.fromEntries(types.map((type) => [type.name, make(type)]));
}

function serverOf({ address, port, path }: AsyncApiFacts['gateway']): JsonObject {
  // An address to listen on is none to connect to.
  const host = address === '0.0.0.0' || address === '::' ? 'localhost' : address;
  return {
    host: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    pathname: path,
    protocol: 'ws',
    security: [{ $ref: '#/components/securitySchemes/token' }],
  };
}

function channelOf({ name, description, delivery }: EventTypeView): JsonObject {
  const kept =
    delivery === 'volatile'
      ? 'Live only: whoever is not attached misses it.'
      : 'Kept in the log: events v2 resumes from a `seq`.';
  return {
    address: `${name}/{id}`,
    title: name,
    description: description === '' ? kept : `${description}. ${kept}`,
    servers: [{ $ref: '#/servers/gateway' }],
    parameters: { id: { description: 'The object that the event is about: 1 to 256 bytes.' } },
    messages: {
      v1: { $ref: `#/components/messages/${name}.v1` },
      v2: { $ref: `#/components/messages/${name}.v2` },
    },
  };
}

function operationOf({ name }: EventTypeView): JsonObject {
  return {
    action: 'send',
    channel: { $ref: `#/channels/${name}` },
    summary: `Tells those who are attached to ${name} and an id, or to a pattern that covers it.`,
    messages: ['v1', 'v2'].map((version) => ({ $ref: `#/channels/${name}/messages/${version}` })),
  };
}

function messagesOf(type: EventTypeView): readonly (readonly [string, JsonObject])[] {
  return (['v1', 'v2'] as const).map((version) => [
    `${type.name}.${version}`,
    {
      name: type.name,
      title: `${type.name}, events ${version}`,
      contentType: 'application/json',
      payload: payloadOf(type, version),
    },
  ]);
}

function payloadOf({ name, delivery }: EventTypeView, version: 'v1' | 'v2'): JsonObject {
  const v1 = {
    type: { const: name },
    id: { type: 'string', minLength: 1 },
    data: { $ref: `#/components/schemas/${name}.data` },
  };
  const place = {
    seq: { type: 'string', description: 'Its place in the log; to resume from.' },
    prev: { type: ['string', 'null'], description: 'The `seq` before it of the same type and id.' },
  };
  const v2 = {
    ...v1,
    ...(delivery === 'volatile' ? {} : place),
    at: { type: 'string', format: 'date-time' },
  };
  const properties = version === 'v1' ? v1 : v2;
  return { type: 'object', required: Object.keys(properties), properties };
}

function dataSchemaOf({ name, schema }: EventTypeView): Json {
  if (schema === null) return { type: 'array' };
  return relocate(schema, `#/components/schemas/${name}.data`);
}

/** What a schema refers to in itself stands elsewhere in the document that it becomes a part of. */
function relocate(schema: Json, place: string): Json {
  if (Array.isArray(schema)) return schema.map((one: Json) => relocate(one, place));
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]): [string, Json] => {
    // Values, not schemas: a field of that name in them refers to nothing.
    if (['const', 'enum', 'examples', 'default'].includes(key)) return [key, value];
    const isReference = key === '$ref' && typeof value === 'string' && value.startsWith('#');
    return [key, isReference ? `${place}${value.slice(1)}` : relocate(value, place)];
  });
  return Object.fromEntries(entries);
}
