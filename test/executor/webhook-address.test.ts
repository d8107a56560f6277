import { describe, expect, it } from 'vitest';
import { addressProblem, bareHost, isAllowedHost } from '../../src/executor/webhook-address.ts';

describe('an address that a web hook may be called at', () => {
  it.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '172.15.255.255',
    '172.32.0.0',
    '192.0.1.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2001:4860:4860::8888',
    '2001:200::1',
    '::ffff:1.1.1.1',
    '64:ff9b::1.1.1.1',
    '64:ff9b::101:101',
    '2002:101:101::1',
  ])('is %s, which is public', (address) => {
    expect(addressProblem(address)).toBeNull();
  });

  it.each([
    ['0.0.0.0', 'unspecified'],
    ['0.1.2.3', 'unspecified'],
    ['10.0.0.1', 'private'],
    ['100.64.0.1', 'of a carrier-grade NAT'],
    ['100.127.255.255', 'of a carrier-grade NAT'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['169.254.169.254', 'link-local (the metadata services of clouds are there)'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.0.0.8', 'reserved'],
    ['192.168.1.1', 'private'],
    ['198.18.0.1', 'for benchmarks'],
    ['198.19.255.255', 'for benchmarks'],
    ['203.0.113.9', 'for documentation'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'reserved'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['0:0:0:0:0:0:0:1', 'loopback'],
    ['::127.0.0.1', 'reserved'],
    ['fc00::1', 'private'],
    ['fdff::1', 'private'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'no public address'],
    ['febf::1', 'link-local'],
    ['fec0::1', 'site-local'],
    ['ff02::1', 'multicast'],
    ['2001::1', 'reserved (Teredo, ORCHID, benchmarks)'],
    ['2001:db8::1', 'for documentation'],
    ['3fff::1', 'for documentation'],
    ['4000::1', 'reserved'],
    ['64:ff9b:1::1', 'reserved'],
    ['100::1', 'reserved'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['::FFFF:169.254.169.254', 'link-local (the metadata services of clouds are there)'],
    ['64:ff9b::10.0.0.1', 'private'],
    ['64:ff9b::a00:1', 'private'],
    ['2002:7f00:1::', 'loopback'],
    ['2002:c0a8:101::1', 'private'],
    ['example.org', 'no public address'],
    ['', 'no public address'],
  ])('is not %s, which is %s', (address, problem) => {
    expect(addressProblem(address)).toBe(problem);
  });
});

describe('a host in allowPrivateHosts', () => {
  it('is found in whatever form either was written', () => {
    expect(isAllowedHost('Intern.example.', ['other', 'intern.EXAMPLE'])).toBe(true);
    expect(isAllowedHost('::1', ['[::1]'])).toBe(true);
    expect(isAllowedHost('127.0.0.1', ['127.0.0.1'])).toBe(true);
  });

  it('stands for itself alone', () => {
    expect(isAllowedHost('a.intern.example', ['intern.example'])).toBe(false);
    expect(isAllowedHost('127.0.0.2', ['127.0.0.1', 'localhost'])).toBe(false);
    expect(isAllowedHost('example.org', [])).toBe(false);
  });

  // What the URL parser makes of them is what is judged: there is no second reading of an address.
  it.each(['http://0x7f.1/', 'http://2130706433/', 'http://127.1/', 'http://[::ffff:7f00:1]/'])(
    'cannot be got around by writing an address as %s',
    (url) => {
      expect(addressProblem(bareHost(new URL(url).hostname))).toBe('loopback');
    },
  );
});
