import { describe, expect, test } from 'vitest';
import { checkFiles } from '../../src/config/check-files.ts';
import { parseSetFlag } from '../../src/config/flags.ts';
import { errorOf, load, problemsOf } from './loading.ts';

const PARTNER = '[issuer:partner]\nissuer = https://id.partner.example\n';

describe('an [issuer:NAME] section', () => {
  test('stands beside [auth], each with its own source of keys', () => {
    const ini = `[auth]\njwksUrl = http://127.0.0.1:9000/jw-certs\n${PARTNER}publicKeyFile = /keys/partner.pem\n`;
    const { auth, issuers } = load({ ini }).settings;
    expect(auth).toMatchObject({ jwksUrl: 'http://127.0.0.1:9000/jw-certs', publicKeyFile: null });
    expect(issuers).toEqual([
      {
        name: 'partner',
        issuer: 'https://id.partner.example',
        publicKeyFile: '/keys/partner.pem',
        jwksUrl: null,
        audience: null,
        algorithms: ['RS256', 'ES256', 'EdDSA'],
        userIdClaim: 'data.id',
        onExpiry: null,
      },
    ]);
  });

  test('without an issuer, or without keys, says both', () => {
    expect(problemsOf({ ini: '[issuer:a]\naudience = x\n' })).toEqual([
      'config.ini:2: [issuer:a] issuer: expected the iss claim of its tokens, got nothing',
      'config.ini:2: [issuer:a] publicKeyFile: expected a key file or a jwksUrl, got neither',
    ]);
  });

  test.each(['[auth]\n', PARTNER])('with two sources of keys is refused: %j', (section) => {
    const ini = `${section}publicKeyFile = a.pem\njwksUrl = https://id.example/keys\n`;
    const [problem] = problemsOf({ ini });
    expect(problem).toContain('jwksUrl: there is also a publicKeyFile: keep one of the two');
  });

  test('may not have the issuer of another', () => {
    const keys = 'jwksUrl = https://id.example/keys\n';
    const ini = `[auth]\nissuer = same\n[issuer:a]\nissuer = same\n${keys}[issuer:b]\nissuer = same\n${keys}`;
    expect(problemsOf({ ini })).toEqual([
      'config.ini:4: [issuer:a] issuer: [auth] has this issuer already; a token must have one',
      'config.ini:7: [issuer:b] issuer: [auth] has this issuer already; a token must have one',
    ]);
  });

  test('names its missing key file when the files are looked at', () => {
    const { settings } = load({ ini: `${PARTNER}publicKeyFile = /nowhere/partner.pem\n` });
    const { message } = errorOf(() => checkFiles(settings));
    expect(message).toContain('[issuer:partner] publicKeyFile: expected a readable file');
  });

  test('may have dots in its name, for a flag too', () => {
    const overrides = [parseSetFlag('issuer:id.partner.onExpiry=keep')];
    const ini = PARTNER.replace('partner]', 'id.partner]');
    const { issuers } = load({ ini: `${ini}jwksUrl = https://a.example/\n`, overrides }).settings;
    expect(issuers[0]).toMatchObject({ name: 'id.partner', onExpiry: 'keep' });
  });
});

describe('the URL of a key set', () => {
  test.each([
    'https://id.example/jw-certs',
    'http://localhost:8080/keys',
    'http://127.1.2.3/keys',
    'http://[::1]:80/keys',
  ])('may be %s', (url) => {
    expect(load({ ini: `[auth]\njwksUrl = ${url}\n` }).settings.auth.jwksUrl).toBe(url);
  });

  test.each([
    'http://id.example/jw-certs',
    'http://127.0.0.1.example/keys',
    'http://localhost.example/keys',
    'http://10.0.0.1/keys',
    'file:///etc/keys.json',
    'https://user:secret@id.example/keys',
  ])('may not be %s, where somebody on the way could exchange the keys', (url) => {
    const [problem] = problemsOf({ ini: `[auth]\njwksUrl = ${url}\n` });
    expect(problem).toContain('[auth] jwksUrl: expected');
    expect(problem).not.toContain('secret');
  });
});
