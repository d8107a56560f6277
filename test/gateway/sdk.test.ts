import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/events-client/events.ts';
import { joinModules } from '../../src/gateway/sdk-text.ts';
import { GatewayFixture } from './gateway-fixture.ts';

const MAX_BYTES = 6 * 1_024;

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

let fixture: GatewayFixture;
beforeAll(async () => {
  fixture = new GatewayFixture();
  await fixture.start({ limits: { origins: [] } });
});
afterAll(() => fixture.close());

function ask(headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const options = { port: fixture.port, path: '/sdk/taskbell.js', method, headers, agent: false };
  return new Promise((resolve, reject) => {
    const asked = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { statusCode: status } = response;
        resolve({ status, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    asked.on('error', reject).end();
  });
}

describe('/sdk/taskbell.js', () => {
  it('is a module for pages of any origin, asked for anew each time', async () => {
    const { status, headers } = await ask({ origin: 'https://elsewhere.example' });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'access-control-allow-origin': '*',
      'cache-control': 'public, no-cache',
      'x-content-type-options': 'nosniff',
    });
  });

  it('is less than 6 KiB when compressed', async () => {
    const { body } = await ask();
    expect(gzipSync(body, { level: 9 }).length).toBeLessThan(MAX_BYTES);
  });

  it('is sent compressed to those who take it so', async () => {
    const [plain, zipped] = await Promise.all([ask(), ask({ 'accept-encoding': 'br, gzip' })]);
    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(zipped.body).equals(plain.body)).toBe(true);
  });

  it('is not sent again to those who have it', async () => {
    const { headers } = await ask();
    const again = await ask({ 'if-none-match': String(headers.etag) });
    expect([again.status, again.body.length]).toEqual([304, 0]);
  });

  it('has its length told without a body, and takes no other method', async () => {
    const head = await ask({}, 'HEAD');
    expect(head.body.length).toBe(0);
    expect(Number(head.headers['content-length'])).toBeGreaterThan(1_000);
    expect((await ask({}, 'POST')).status).toBe(404);
  });

  it('loads, with the exports of the package', async () => {
    const { body } = await ask();
    const directory = mkdtempSync(path.join(tmpdir(), 'taskbell-sdk-'));
    try {
      const file = path.join(directory, 'taskbell.mjs');
      writeFileSync(file, body);
      const module = await import(pathToFileURL(file).href);
      expect(Object.keys(module).sort()).toEqual(['EventsError', 'connect']);
      expect(() => module.connect({ url: 'nowhere', token: '', WebSocket: Object })).toThrow(/URL/);
      const options = { url: 'ws://127.0.0.1:1', token: '', WebSocket: Object };
      const [served, own] = [module.connect(options), connect(options)];
      const membersOf = (one: object) => Object.getOwnPropertyNames(Object.getPrototypeOf(one));
      expect(membersOf(served)).toEqual(membersOf(own));
      for (const client of [served, own]) client.close();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('joining modules', () => {
  const join = (modules: Record<string, string>): string =>
    joinModules((name) => modules[name] ?? '', 'main');

  it('puts each behind what it imports, once', () => {
    const text = join({
      main: "import { a } from './a.js';\nimport {\n    b,\n} from './b.js';\nexport const main = a + b;\n",
      b: "import { a } from './a.js';\nexport const b = a + 1;\n",
      a: '/** One. */\nexport const a = 1;\n// Nothing more.\nexport {};\n',
    });
    expect(text).toBe('let a=1;let b=a+1;export let main=a+b;');
  });

  it('shortens names that nobody outside uses, and nothing that is a text', () => {
    const text = join({
      main: "import { makeIt } from './a.js';\nexport function runIt(options) {\n    return makeIt(options, 'makeIt, const');\n}\n",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a module.
      a: 'export const makeIt = (x, y) => `makeIt ${makeIt.name} { const , undefined } ${y}`;\n',
    });
    const given = text.match(/runIt\((.*?)\)/)?.[1];
    expect(given).toMatch(/^\$[a-z]+$/);
    expect(text).toBe(
      `let $a=(x,y)=>\`makeIt \${$a.name} { const , undefined } \${y}\`;export function runIt(${given}){return $a(${given},'makeIt, const')}`,
    );
  });

  it('refuses what comes from elsewhere', () => {
    expect(() => join({ main: "import fs from 'node:fs';\n" })).toThrow(/elsewhere/);
    expect(() => join({ main: "import { p } from '../protocol/events.js';\n" })).toThrow(
      /elsewhere/,
    );
  });
});
