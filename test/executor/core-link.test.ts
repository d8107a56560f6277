import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { CoreLink } from '../../src/executor/core-link.ts';
import { deadlineIn } from '../../src/process/service.ts';

it('sends frames whose mask is all zeros, so that their bytes are those of the text', async () => {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'taskbell-link-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const controlSocket = path.join(directory, 'control.sock');
  const http = createServer();
  const server = new WebSocketServer({ server: http, path: '/v1/execute' });
  await new Promise<void>((resolve) => http.listen(controlSocket, resolve));
  onTestFinished(() => void http.close());
  const bytes: Buffer[] = [];
  const received = new Promise<string>((resolve) => {
    server.on('connection', (peer, { socket }) => {
      socket.on('data', (chunk: Buffer) => bytes.push(chunk));
      peer.on('message', (data) => resolve(String(data)));
    });
  });
  const link: CoreLink = new CoreLink(
    { controlSocket, maxMessageBytes: 1_000 },
    { onOpen: () => link.send('{"a":"ä"}'), onMessage: () => undefined, onClose: () => undefined },
    pino({ level: 'silent' }),
  );
  link.start();
  expect(await received).toBe('{"a":"ä"}');
  const body = Buffer.from('{"a":"ä"}');
  const frame = Buffer.from([0x81, 0x80 | body.length, 0, 0, 0, 0, ...body]);
  expect(Buffer.concat(bytes)).toEqual(frame);
  await link.close(deadlineIn(5_000));
});
