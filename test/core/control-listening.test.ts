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

/** Node tells it to nobody else. */
function fdOf(server: Server): number {
  return (server as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;
}
