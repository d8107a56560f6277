import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ChurningMap } from '../../src/process/churning-map.ts';

/** More of them than a map lives for. */
const STEPS = { minLength: 1_500, maxLength: 4_000 };

it('holds what a plain map would hold, in the same order, whatever comes and goes', () => {
  const step = fc.record({
    key: fc.integer({ min: 0, max: 400 }),
    kind: fc.constantFrom('set', 'set', 'delete'),
  });
  const steps = fc.array(step, { ...STEPS, size: 'max' });
  fc.assert(
    fc.property(steps, (given) => {
      const churning = new ChurningMap<string, number>();
      const plain = new Map<string, number>();
      for (const [index, { key, kind }] of given.entries()) {
        const name = String(key);
        if (kind === 'set') {
          churning.set(name, index);
          plain.set(name, index);
        } else expect(churning.delete(name)).toBe(plain.delete(name));
        expect(churning.get(name)).toBe(plain.get(name));
        expect(churning.has(name)).toBe(plain.has(name));
        expect(churning.size).toBe(plain.size);
      }
      expect([...churning.values()]).toEqual([...plain.values()]);
    }),
    { numRuns: 10 },
  );
});

it('is empty when it was cleared', () => {
  const churning = new ChurningMap<string, number>();
  churning.set('a', 1);
  churning.clear();
  expect([churning.size, churning.has('a'), [...churning.values()]]).toEqual([0, false, []]);
});

const built = path.resolve(import.meta.dirname, '../../dist/process/churning-map.js');
/** Counts the bytes that collections of the young generation have moved into the old one. */
const PROMOTED = `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { ChurningMap } from ${JSON.stringify(pathToFileURL(built).href)};
  const old = () => getHeapSpaceStatistics().find((one) => one.space_name === 'old_space').space_used_size;
  const grown = (map) => {
    gc();
    gc();
    let promoted = 0;
    let before = old();
    for (let batch = 0, id = 0; batch < 60; batch += 1) {
      const first = id;
      for (; id < first + 256; id += 1) map.set('k' + id, { text: Array(50).fill(id) });
      for (let key = first; key < id; key += 1) map.delete('k' + key);
      gc({ type: 'minor' });
      const now = old();
      promoted += Math.max(0, now - before);
      before = now;
    }
    return promoted;
  };
  console.log(JSON.stringify({ plain: grown(new Map()), churning: grown(new ChurningMap()) }));
`;

it('has next to nothing of what passes through it moved into the old generation', () => {
  const flags = ['--expose-gc', '--input-type=module', '-e', PROMOTED];
  const text = execFileSync(process.execPath, flags, { encoding: 'utf8' });
  const { plain, churning } = JSON.parse(text) as { plain: number; churning: number };
  expect(churning).toBeLessThan(plain / 2);
});
