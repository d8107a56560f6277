import { spawnSync } from 'node:child_process';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { listenAtPath } from '../../src/core/control-listening.ts';
import { freshDirectory } from '../config/fresh-directory.ts';

test('a control socket that was given at a place where no command looks is refused', async () => {
  const directory = freshDirectory();
  const given = createServer();
  await new Promise<void>((resolve) => given.listen(join(directory, 'given.sock'), resolve));
  onTestFinished(() => void given.close());
  const listening = listenAtPath(createHttpServer(), join(directory, 'own.sock'), fdOf(given));
  await expect(listening).rejects.toMatchObject({
    code: 'E_CONFIG',
    message: expect.stringContaining(`gave a control socket at ${directory}/given.sock`),
    hint: expect.stringContaining(`ListenStream=${directory}/own.sock`),
  });
});

/** Prints what becomes of descriptor 3: two servers of one process could not both have it. */
const SERVE = `
import { createServer } from 'node:http';
import { listenAtPort } from '${built('core/control-listening')}';
import { PublicPort } from '${built('supervisor/public-port')}';
const place = { address: '127.0.0.1', port: 8080 };
const log = { error: () => {} };
const [kind] = process.argv.slice(1);
const listening =
  kind === 'http'
    ? listenAtPort(createServer(), place, 3)
    : new PublicPort({ place, given: 3, takers: () => [], log }).open();
await listening.catch(({ code, message, hint }) => console.log(code, message, hint));
`;

test.each([
  ['http', 'E_CONFIG The service manager gave the socket "http" without a port'],
  ['ws', 'EAFNOSUPPORT the socket "ws" was given without a port'],
])(
  'a socket file that was given as %s, which needs a port, is refused and served no more',
  async (kind, words) => {
    const given = createServer();
    const path = join(freshDirectory(), 'given.sock');
    await new Promise<void>((resolve) => given.listen(path, resolve));
    onTestFinished(() => void given.close());
    const { status, stdout } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', SERVE, kind],
      { stdio: ['ignore', 'pipe', 'inherit', fdOf(given)], encoding: 'utf8' },
    );
    expect(stdout).toContain(words);
    expect(stdout).toContain('ListenStream=');
    // Nothing of it keeps its process.
    expect(status).toBe(0);
  },
);

function built(module: string): string {
  return new URL(`../../dist/${module}.js`, import.meta.url).href;
}

/** Node tells it to nobody else. */
function fdOf(server: Server): number {
  return (server as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;
}
