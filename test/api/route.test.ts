import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { compileRoutes, ok, type Route, readJson } from '../../src/api/route.ts';

const route = (method: Route['method'], path: string): Route => ({
  method,
  path,
  handle: async () => ok(path),
});
const find = compileRoutes([
  route('GET', '/v1/jobs'),
  route('POST', '/v1/jobs'),
  route('GET', '/v1/jobs/:id'),
  route('GET', '/v1/jobs/:id/wait'),
]);

describe('finding a route', () => {
  it('matches every part of the path, and takes the names out', () => {
    expect(find('GET', '/v1/jobs/7/wait')).toMatchObject({
      kind: 'found',
      route: { path: '/v1/jobs/:id/wait' },
      params: { id: '7' },
    });
    expect(find('GET', '/v1/jobs/a%2Fb')).toMatchObject({ params: { id: 'a/b' } });
  });

  it('knows no path that is longer, shorter or of another case', () => {
    for (const path of ['/', '/v1', '/v1/jobs/', '/v1/jobs/7/wait/more', '/V1/jobs', 'v1/jobs']) {
      expect(find('POST', path).kind, path).not.toBe('found');
    }
    expect(find('GET', '/v1/queues')).toEqual({ kind: 'unknown' });
  });

  it('tells which methods a path takes', () => {
    expect(find('DELETE', '/v1/jobs')).toEqual({ kind: 'wrong-method', allowed: ['GET', 'POST'] });
  });

  it('refuses an escape that is broken', () => {
    expect(() => find('GET', '/v1/jobs/%e4')).toThrow(/broken escape: %e4/);
  });
});

describe('reading a body', () => {
  it('puts its pieces together as UTF-8, however they are cut', async () => {
    const bytes = Buffer.from('{"text":"grüße 🔔"}');
    const pieces = [...bytes].map((byte) => Buffer.from([byte]));
    expect(await readJson(Readable.from(pieces))).toEqual({ text: 'grüße 🔔' });
  });

  it('refuses what is not JSON, and nothing at all', async () => {
    for (const text of ['', '{', 'nil', '{"a":1} {"b":2}']) {
      await expect(readJson(Readable.from([Buffer.from(text)]))).rejects.toMatchObject({
        code: 'E_INVALID_JSON',
      });
    }
  });
});
