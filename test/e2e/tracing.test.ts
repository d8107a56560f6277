/** One trace from an add over its attempt, and what its handler traces, to the report: over real processes. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { connect } from '../../src/client/client.ts';
import { SpanRecorder } from '../process/span-recorder.ts';
import { Receiver } from '../report/receiver.ts';
import { Site, until } from './daemon.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const PROVIDER = pathToFileURL(path.join(import.meta.dirname, 'fixtures/span-file.mjs')).href;
const receiver = new Receiver();
const recorder = new SpanRecorder();
let site: Site;

beforeAll(async () => {
  await receiver.up();
  site = new Site(`[webSocket]\nurl = ${receiver.url}\npath = /socket.io\n`);
  site.write('jobs/nest.mjs', `export default () => { globalThis.startSpan('inside').end(); };`);
  const env = { NODE_OPTIONS: `--import=${PROVIDER}`, SPAN_FILE: site.path('spans') };
  await site.up(['up'], { env });
});

afterAll(async () => {
  recorder.unregister();
  await site.dispose();
  await receiver.down();
});

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | null;
}

test('spans of an add, its run, its handler and its report are one trace', async () => {
  recorder.register();
  const api = connect({ socket: site.socket, patienceMs: 10_000 });
  const { id } = await api.add('nest');
  await api.wait(id);
  await api.close();
  const spans = (): readonly Span[] => site.lines('spans').map((line) => JSON.parse(line));
  const named = (name: string) => spans().find((span) => span.name === name);
  await until(() => named('report nest') !== undefined, 'the report is acknowledged', 60_000);
  const add = recorder.named('add nest');
  const run = named('run nest');
  expect(add?.parentId).toBeNull();
  expect(run).toMatchObject({ traceId: add?.traceId, parentId: add?.spanId });
  expect(named('inside')).toMatchObject({ traceId: add?.traceId, parentId: run?.spanId });
  expect(named('report nest')).toMatchObject({ traceId: add?.traceId, parentId: add?.spanId });
});
