/**
 * Writes config.ini.example and docs/configuration.md from the table of keys; needs a build in dist/.
 * With --check it writes nothing and ends with 1 if either differs from what the table says.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { renderDocs, renderExample } from '../dist/config/render-config.js';

const files = [
  { name: 'config.ini.example', content: renderExample() },
  { name: 'docs/configuration.md', content: renderDocs() },
];

const check = process.argv.includes('--check');
for (const { name, content } of files) {
  const url = new URL(`../${name}`, import.meta.url);
  if (!check) {
    await writeFile(url, content);
    continue;
  }
  const committed = await readFile(url, 'utf8').catch(() => '');
  if (committed === content) continue;
  process.stderr.write(
    `${name} differs from the table of keys; run: node scripts/generate-config.mjs\n`,
  );
  process.exitCode = 1;
}
