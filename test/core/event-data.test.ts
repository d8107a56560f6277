import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { checkedData, problemWithEvent } from '../../src/core/event-data.ts';
import { eventTypesOf } from '../../src/core/event-types.ts';
import { MAX_EVENT_DATA_BYTES } from '../../src/protocol/events.ts';
import { eventType } from '../config/event-type.ts';

function typesWith(schema: string) {
  const directory = mkdtempSync(path.join(tmpdir(), 'taskbell-schema-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = path.join(directory, 'x.json');
  writeFileSync(file, schema);
  return eventTypesOf({ events: [eventType('order', { schema: file })] });
}

it('gives the data of a good event as the text that is stored', () => {
  const types = typesWith('{"items":{"type":"number"}}');
  expect(checkedData({ type: 'order', id: '1', data: [1, 2] }, types)).toBe('[1,2]');
});

it('counts the bytes of the data, not its characters', () => {
  const types = eventTypesOf({ events: [] });
  const event = (characters: number) => ({
    type: 'issueUpdate',
    id: '1',
    data: ['ü'.repeat(characters)],
  });
  const fitting = (MAX_EVENT_DATA_BYTES - 4) / 2;
  expect(() => checkedData(event(fitting), types)).not.toThrow();
  expect(() => checkedData(event(fitting + 1), types)).toThrow(/has 1048578 bytes/);
});

it('says of what a handler emitted why it cannot be published, whatever it is', () => {
  const types = typesWith('{"maxItems":1}');
  const problem = (event: unknown) => problemWithEvent(event as never, types);
  expect(problem({ type: 'order', id: '1', data: [1] })).toBeUndefined();
  expect(problem({ type: 'order', id: '1', data: [1, 2] })).toMatch(
    /does not fit its schema: data/,
  );
  expect(problem({ type: 'job', id: '1', data: [] })).toMatch(/type job, which does not exist/);
  expect(problem({ type: 7, id: '1', data: [] })).toMatch(/type 7, which does not exist/);
  expect(problem({ type: 'order', id: 7, data: [] })).toMatch(/id or data is not valid/);
  expect(problem({ type: 'order', id: '1', data: {} })).toMatch(/id or data is not valid/);
});

it('refuses to start with a schema that cannot be read or used', () => {
  expect(() => typesWith('{')).toThrow(/\[event:order\] schema: .*x\.json cannot be read/);
  expect(() => typesWith('{"typ":"array"}')).toThrow(
    /of \[event:order\] cannot be used: #: typ is not/,
  );
});
