import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findConfigFile, parseProfile, readConfigFile } from '../../src/config/config-file.ts';
import { loadSettings } from '../../src/config/load-settings.ts';
import { freshDirectory, writeIn } from './fresh-directory.ts';
import { errorOf } from './loading.ts';

function load(
  directories: { cwd: string; systemDirectory: string },
  config?: string,
  profile = '',
) {
  return loadSettings({
    flags: { config },
    environment: { TASKBELL_PROFILE: profile },
    ...directories,
  }).settings;
}

function twoDirectories() {
  return { cwd: freshDirectory(), systemDirectory: freshDirectory() };
}

describe('the configuration file', () => {
  test('is the one that --config names, then ./config.ini, then the one of the system', () => {
    const places = twoDirectories();
    expect(load(places).file).toBeNull();
    const system = writeIn(places.systemDirectory, 'config.ini', '');
    expect(load(places).file).toBe(system);
    const local = writeIn(places.cwd, 'config.ini', '');
    expect(load(places).file).toBe(local);
    const named = writeIn(places.cwd, 'other.ini', '');
    expect(load(places, 'other.ini').file).toBe(named);
  });

  test('that --config names must exist, whatever else does', () => {
    const places = twoDirectories();
    writeIn(places.cwd, 'config.ini', '');
    const error = errorOf(() => load(places, 'missing.ini'));
    expect(error.code).toBe('E_CONFIG');
    expect(error.message).toBe(
      `--config: the file ${join(places.cwd, 'missing.ini')} does not exist`,
    );
    expect(error.hint).toContain('taskbell init');
  });

  test('that cannot be read is named with the reason', () => {
    const directory = freshDirectory();
    mkdirSync(join(directory, 'config.ini'));
    const error = errorOf(() => readConfigFile(join(directory, 'config.ini')));
    expect(error.code).toBe('E_CONFIG');
    expect(error.message).toMatch(/config\.ini cannot be read: EISDIR/);
    expect(error.cause).toBeInstanceOf(Error);
  });

  test('that is not UTF-8 is refused', () => {
    const path = join(freshDirectory(), 'config.ini');
    writeFileSync(path, Buffer.from('[daemon]\ndataDirectory = /\xe9t\xe9\n', 'latin1'));
    expect(errorOf(() => readConfigFile(path)).message).toMatch(/cannot be read: .*utf-8/i);
  });
});

describe('a profile', () => {
  test.each(['prod', 'test', 'dev'] as const)(
    '%s reads its own file instead of config.ini',
    (profile) => {
      const places = twoDirectories();
      writeIn(places.cwd, 'config.ini', '[api]\nport = 1');
      const system = writeIn(places.systemDirectory, `config.${profile}.ini`, '[api]\nport = 2');
      expect(load(places, undefined, profile)).toMatchObject({
        file: system,
        profile,
        api: { port: 2 },
      });
      const local = writeIn(places.cwd, `config.${profile}.ini`, '[api]\nport = 3');
      expect(load(places, undefined, profile)).toMatchObject({ file: local, api: { port: 3 } });
    },
  );

  test('without its file stops, although there is a config.ini', () => {
    const places = twoDirectories();
    writeIn(places.cwd, 'config.ini', '');
    const error = errorOf(() => load(places, undefined, 'prod'));
    expect(error.code).toBe('E_CONFIG');
    expect(error.message).toContain('config.prod.ini does not exist');
    expect(error.message).toContain(join(places.cwd, 'config.prod.ini'));
    expect(error.message).toContain(join(places.systemDirectory, 'config.prod.ini'));
  });

  test('gives way to --config', () => {
    const places = twoDirectories();
    const named = writeIn(places.cwd, 'other.ini', '');
    expect(load(places, 'other.ini', 'prod')).toMatchObject({ file: named, profile: 'prod' });
  });

  test('is one of three words; an empty one is none', () => {
    expect(parseProfile(undefined)).toBeNull();
    expect(parseProfile('')).toBeNull();
    expect(parseProfile('dev')).toBe('dev');
    const error = errorOf(() => parseProfile('production'));
    expect(error.code).toBe('E_CONFIG');
    expect(error.message).toBe('TASKBELL_PROFILE: expected prod, test or dev, got "production"');
  });

  test('never leaves the two directories', () => {
    const question = {
      explicit: undefined,
      profile: null,
      cwd: freshDirectory(),
      systemDirectory: freshDirectory(),
    };
    expect(findConfigFile(question)).toBeNull();
  });
});
