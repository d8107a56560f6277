import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handlerTypeOf, listHandlerFiles } from '../../src/executor/handler-directory.ts';
import { commandJob, openWorkshop, type Workshop } from './workshop.ts';

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
});
afterEach(() => shop.clear());

const OK = 'export default () => 1;';

async function problems(): Promise<Record<string, string | undefined>> {
  await shop.start();
  const { types } = await shop.core.hello();
  return Object.fromEntries(types.map(({ name, problem }) => [name, problem]));
}

describe('handler files', () => {
  it('are offered by their name, with the settings that they state', async () => {
    shop.handler(
      'mail.send.mjs',
      `export default { run() {}, queue: 'mail', retries: 3, timeout: '30s', backoff: 250,
                        backoffLimit: '15m', concurrency: 2 };`,
    );
    shop.handler('plain.js', 'export default function () {}');
    await shop.start();
    expect((await shop.core.hello()).types).toEqual([
      {
        name: 'mail.send',
        kind: 'module',
        schema: false,
        settings: {
          queue: 'mail',
          retries: 3,
          timeoutMs: 30_000,
          backoffMs: 250,
          backoffLimitMs: 900_000,
          concurrency: 2,
        },
      },
      { name: 'plain', kind: 'module', schema: false, settings: {} },
    ]);
  });

  it('that are broken cost only their own type, and are named in manifest and log', async () => {
    shop.handler('good.mjs', OK);
    shop.handler('syntax.mjs', 'export default {');
    shop.handler('throws.mjs', `throw new Error('at import');`);
    shop.handler('empty.mjs', '');
    shop.handler('settings.mjs', `export default { run() {}, timeout: 'soon' };`);
    shop.handler('retries.mjs', 'export default { run() {}, retries: -1 };');
    shop.handler('queue.mjs', `export default { run() {}, queue: 'my jobs' };`);
    shop.handler('schema.mjs', 'export default { run() {}, input: {} };');
    const found = await problems();
    expect(found.good).toBeUndefined();
    expect(found.syntax).toMatch(/^syntax\.mjs: /);
    expect(found.throws).toBe('throws.mjs: at import');
    expect(found.empty).toMatch(
      /expected a default export that is a function or an object with run/,
    );
    expect(found.settings).toMatch(/timeout: expected .* got "soon"/);
    expect(found.retries).toMatch(/retries: expected a whole number of at least 0, got -1/);
    expect(found.queue).toMatch(/queue: expected 1 to 100 of letters.* got "my jobs"/);
    expect(found.schema).toMatch(/expected a Standard Schema of version 1/);
    const logged = shop.logged.filter(({ msg }) => msg === 'handler cannot be offered');
    expect(logged.map(({ type }) => type).toSorted()).toEqual([
      'empty',
      'queue',
      'retries',
      'schema',
      'settings',
      'syntax',
      'throws',
    ]);
    shop.core.run({ id: '1', type: 'good' });
    expect(await shop.core.outcome('1')).toMatchObject({ outcome: 'succeeded' });
  });

  it('that lead outside of the directory are never loaded', async () => {
    const outside = path.join(shop.root, 'outside.mjs');
    writeFileSync(outside, `globalThis.taskbellOutside = true; ${OK}`);
    symlinkSync(outside, path.join(shop.handlers, 'link.mjs'));
    shop.handler('real.mjs', OK);
    symlinkSync(path.join(shop.handlers, 'real.mjs'), path.join(shop.handlers, 'alias.mjs'));
    const found = await problems();
    expect(found.link).toMatch(/leads outside of/);
    expect(found).toHaveProperty('alias', undefined);
    expect(globalThis).not.toHaveProperty('taskbellOutside');
    shop.core.run({ id: '1', type: 'link' });
    expect(await shop.core.outcome('1')).toMatchObject({ outcome: 'error' });
  });

  it('that others can write are never loaded', async () => {
    chmodSync(shop.handler('open.mjs', `globalThis.taskbellOpen = true; ${OK}`), 0o666);
    shop.handler('closed.mjs', OK);
    const found = await problems();
    expect(found.open).toMatch(/can be written by others/);
    expect(found.closed).toBeUndefined();
    expect(globalThis).not.toHaveProperty('taskbellOpen');
  });

  it('in a directory that others can write are never loaded', async () => {
    shop.handler('mine.mjs', OK);
    chmodSync(shop.handlers, 0o777);
    expect((await problems()).mine).toMatch(/jobs can be written by others/);
  });

  it('of one name are refused together, and so is a command of that name', async () => {
    shop.handler('twice.mjs', OK);
    shop.handler('twice.js', OK);
    shop.handler('both.mjs', OK);
    await shop.start([commandJob('both', ['true']), commandJob('solo', ['true'])]);
    const { types } = await shop.core.hello();
    expect(types).toMatchObject([
      { name: 'both', problem: expect.stringMatching(/also a command in \[job:both\]/) },
      {
        name: 'twice',
        problem: expect.stringMatching(/twice\.js and twice\.mjs are handlers of one type/),
      },
      { name: 'solo', kind: 'command' },
    ]);
    expect(types[2]?.problem).toBeUndefined();
  });

  it('without a directory leave the commands, and a warning that names the path', async () => {
    rmSync(shop.handlers, { recursive: true });
    await shop.start([commandJob('solo', ['true'])]);
    expect((await shop.core.hello()).types).toMatchObject([{ name: 'solo', kind: 'command' }]);
    const warned = shop.logged.find(({ level }) => level === 40);
    expect(warned?.msg).toContain(shop.handlers);
  });
});

describe('listHandlerFiles', () => {
  it('takes .ts files where this Node runs them, and says so where it does not', async () => {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'taskbell-list-'));
    try {
      chmodSync(directory, 0o755);
      writeFileSync(path.join(directory, 'typed.ts'), '');
      mkdirSync(path.join(directory, 'folder.mjs'));
      writeFileSync(path.join(directory, 'two words.mjs'), '');
      const [without, withTypes] = await Promise.all([
        listHandlerFiles(directory, false),
        listHandlerFiles(directory, true),
      ]);
      expect(without.files).toMatchObject([{ type: 'typed', realPath: null }]);
      expect(without.files[0]?.problem).toMatch(/does not run \.ts files/);
      expect(withTypes.files).toMatchObject([{ type: 'typed', problem: null }]);
      expect(withTypes.remarks).toEqual([expect.stringContaining('two words.mjs')]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe.runIf(process.getuid?.() === 0)('a directory that may not be read', () => {
  it('is a remark and no failure (needs root: it reads as nobody)', async () => {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'taskbell-list-'));
    chmodSync(directory, 0o711);
    process.seteuid?.(65_534);
    try {
      const listing = await listHandlerFiles(directory, false);
      expect(listing.files).toEqual([]);
      expect(listing.remarks).toEqual([expect.stringMatching(/cannot be read .*EACCES/)]);
    } finally {
      process.seteuid?.(0);
      rmSync(directory, { recursive: true });
    }
  });
});

describe('handlerTypeOf', () => {
  it.each([
    ['a.js', 'a'],
    ['mail.send.mjs', 'mail.send'],
    ['a.ts', 'a'],
    ['a.d.ts', null],
    ['a.test.js', null],
    ['.hidden.js', null],
    ['_shared.mjs', null],
    ['a.cjs', null],
    ['README.md', null],
    ['a', null],
  ])('takes %s as %s', (file, type) => {
    expect(handlerTypeOf(file)).toBe(type);
  });
});
