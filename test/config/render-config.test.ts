import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Definition } from '../../src/config/key-definition.ts';
import { SECTIONS } from '../../src/config/keys.ts';
import { scanLines } from '../../src/config/line-scanner.ts';
import { renderDocs, renderExample } from '../../src/config/render-config.ts';
import { freshDirectory } from './fresh-directory.ts';
import { load } from './loading.ts';

const ENTRIES = SECTIONS.flatMap((section) =>
  Object.entries(section.keys).map(([key, definition]) => ({ section, key, definition })),
);

function committed(name: string): string {
  return readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
}

describe('the generated files', () => {
  // To renew them: npm run build, then node scripts/generate-config.mjs
  test.each([
    ['config.ini.example', renderExample],
    ['docs/configuration.md', renderDocs],
  ])('%s is committed as it is generated', (name, render) => {
    expect(committed(name)).toBe(render());
  });

  test('hold every key of every section', () => {
    for (const { key, definition } of ENTRIES) {
      expect(renderExample()).toMatch(
        new RegExp(`^(; )?${exampleName(key, definition).replace('.', '\\.')} =`, 'm'),
      );
      expect(renderDocs()).toContain(`| \`${definition.form === 'map' ? `${key}.NAME` : key}\` |`);
    }
  });
});

describe('config.ini.example', () => {
  test('loads to exactly the defaults', () => {
    const cwd = freshDirectory();
    const defaults = load({ cwd }).settings;
    const { settings } = load({ cwd, ini: renderExample() });
    expect({ ...settings, file: null }).toEqual(defaults);
  });

  test('loads without a problem when every commented line is taken in', () => {
    // A type has one handler: the web hook would be a second one. And a schedule has cron or every.
    const ini = renderExample()
      .replace(/^; url = https.*$/m, '')
      .replace(/^; every = .*$/m, '')
      // An issuer has a key file or a key set.
      .replace(/^; jwksUrl = .*$/gm, '')
      .replace(/^; /gm, '');
    expect(scanLines(ini).problems).toEqual([]);
    const { settings } = load({ ini });
    expect(settings.jobs).toMatchObject([
      { name: 'archive', command: ['tar', '-czf', expect.any(String), 'data'] },
    ]);
    expect(settings.schedules).toMatchObject([{ name: 'nightly', cron: '0 30 2 * * *' }]);
    expect(settings.events).toMatchObject([{ name: 'invoicePaid' }]);
    expect(settings.webSocket).toMatchObject({
      url: 'http://127.0.0.1:3000',
      auth: { token: 'change-me' },
    });
  });
});

describe('the table of keys', () => {
  test.each(
    ENTRIES.map(({ section, key, definition }) => [`${section.name}.${key}`, definition] as const),
  )(
    '%s has a default that its own kind reads, and shows as the same value',
    (_name, definition) => {
      expect(definition.comment).toMatch(/[.]$/);
      if (definition.form === 'map') return;
      if (definition.default === '') {
        expect(definition.empty).not.toBeNull();
        return;
      }
      const reading = definition.type.read(definition.default, '/base');
      if (!reading.ok) throw new Error(reading.expected);
      expect(definition.type.read(definition.type.format(reading.value), '/base')).toEqual(reading);
    },
  );
});

function exampleName(key: string, definition: Definition): string {
  return definition.form === 'map' ? `${key}.${definition.exampleName}` : key;
}
