/** The AsyncAPI document, held to what the 3.0 specification asks of its parts. */
import { describe, expect, it } from 'vitest';
import { asyncApiOf } from '../../src/core/asyncapi.ts';
import type { EventTypeView } from '../../src/protocol/events.ts';
import type { Json } from '../../src/protocol/json.ts';

type Loose = Record<string, Json>;

const type = (name: string, over: Partial<EventTypeView> = {}): EventTypeView => ({
  ...{ name, description: '', builtIn: false, publishable: true, delivery: 'durable', rows: 0 },
  ...{ retentionMs: null, retentionCount: null, schema: null },
  ...over,
});

const SCHEMA = {
  items: { $ref: '#/$defs/order' },
  $defs: { order: { const: { $ref: '#/not/a/reference' } }, tree: { items: { $ref: '#' } } },
};
const document = asyncApiOf({
  types: [
    type('issueUpdate'),
    type('order.paid', { schema: SCHEMA }),
    type('move', { delivery: 'volatile' }),
  ],
  gateway: { address: '0.0.0.0', port: 8081, path: '/ws' },
  version: '1.2.3',
});

/** Everything in the document that is a reference, but for values. */
function referencesIn(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'const') return [];
    return key === '$ref' ? [String(inner)] : referencesIn(inner as Json);
  });
}

function find(reference: string): Json | undefined {
  let found: Json | undefined = document;
  for (const part of reference.split('/').slice(1)) found = (found as Loose)?.[part];
  return found;
}

const part = (key: string) => document[key] as Record<string, Loose>;

describe('the document', () => {
  it('has the fields that are required, and no others at its top', () => {
    expect(document.asyncapi).toBe('3.0.0');
    expect(document.info).toMatchObject({ title: expect.any(String), version: '1.2.3' });
    const known = [
      'asyncapi',
      'id',
      'info',
      'servers',
      'defaultContentType',
      'channels',
      'operations',
      'components',
    ];
    expect(Object.keys(document).filter((key) => !known.includes(key))).toEqual([]);
  });

  it('has servers with a host without a path, and a protocol', () => {
    for (const server of Object.values(part('servers'))) {
      expect(server.host).toMatch(/^[^/]+:\d+$/);
      expect(server).toMatchObject({ protocol: 'ws', pathname: '/ws' });
      expect(Array.isArray(server.security)).toBe(true);
    }
  });

  it('resolves every reference', () => {
    const references = referencesIn(document);
    expect(references.length).toBeGreaterThan(20);
    expect(references.filter((one) => find(one) === undefined)).toEqual([]);
  });

  it('names its components by the letters that are allowed', () => {
    for (const components of Object.values(part('components'))) {
      for (const key of Object.keys(components)) expect(key).toMatch(/^[a-zA-Z0-9._-]+$/);
    }
  });

  it('has in each channel exactly the parameters of its address, its servers and its messages', () => {
    for (const channel of Object.values(part('channels'))) {
      const expressions = [...String(channel.address).matchAll(/\{([^}]+)\}/g)].map(
        ([, name]) => name,
      );
      expect(Object.keys(channel.parameters as Loose)).toEqual(expressions);
      for (const one of channel.servers as Loose[]) expect(one.$ref).toMatch(/^#\/servers\//);
      for (const one of Object.values(channel.messages as Record<string, Loose>)) {
        expect(one.$ref).toMatch(/^#\/components\/messages\//);
      }
    }
  });

  it('has operations that send or receive on a channel, with messages of that very channel', () => {
    for (const operation of Object.values(part('operations'))) {
      expect(['send', 'receive']).toContain(operation.action);
      const channel = String((operation.channel as Loose).$ref);
      expect(channel).toMatch(/^#\/channels\//);
      for (const one of operation.messages as Loose[])
        expect(one.$ref).toContain(`${channel}/messages/`);
    }
  });

  it('says what each version writes, a volatile event without a place', () => {
    const keys = (name: string) => {
      const message = find(`#/components/messages/${name}`) as { payload: { required: string[] } };
      return message.payload.required;
    };
    expect(keys('issueUpdate.v1')).toEqual(['type', 'id', 'data']);
    expect(keys('issueUpdate.v2')).toEqual(['type', 'id', 'data', 'seq', 'prev', 'at']);
    expect(keys('move.v2')).toEqual(['type', 'id', 'data', 'at']);
  });

  it('carries the schema of the data, whose references lead into it', () => {
    const place = '#/components/schemas/order.paid.data';
    expect(find(place)).toEqual({
      items: { $ref: `${place}/$defs/order` },
      $defs: {
        order: { const: { $ref: '#/not/a/reference' } },
        tree: { items: { $ref: place } },
      },
    });
    expect(find('#/components/schemas/move.data')).toEqual({ type: 'array' });
  });
});
