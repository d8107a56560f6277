/**
 * Decides which addresses a web hook may be called at. Pure: it resolves nothing.
 *
 * Refused is everything that the IANA registries of special-purpose addresses do not call globally
 * reachable; an IPv6 address that carries an IPv4 address is judged by that one.
 * https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry
 */
import { isIPv4, isIPv6 } from 'node:net';

type Block = readonly [base: string, bits: number, words: string];

const IPV4_BLOCKS: readonly Block[] = [
  ['0.0.0.0', 8, 'unspecified'],
  ['10.0.0.0', 8, 'private'],
  ['100.64.0.0', 10, 'of a carrier-grade NAT'],
  ['127.0.0.0', 8, 'loopback'],
  ['169.254.0.0', 16, 'link-local (the metadata services of clouds are there)'],
  ['172.16.0.0', 12, 'private'],
  ['192.0.0.0', 24, 'reserved'],
  ['192.0.2.0', 24, 'for documentation'],
  ['192.88.99.0', 24, 'a 6to4 relay'],
  ['192.168.0.0', 16, 'private'],
  ['198.18.0.0', 15, 'for benchmarks'],
  ['198.51.100.0', 24, 'for documentation'],
  ['203.0.113.0', 24, 'for documentation'],
  ['224.0.0.0', 4, 'multicast'],
  ['240.0.0.0', 4, 'reserved'],
];

/** Told apart for the message only: whatever is outside of 2000::/3 is refused. */
const IPV6_BLOCKS: readonly Block[] = [
  ['::', 128, 'unspecified'],
  ['::1', 128, 'loopback'],
  ['fc00::', 7, 'private'],
  ['fe80::', 10, 'link-local'],
  ['fec0::', 10, 'site-local'],
  ['ff00::', 8, 'multicast'],
  ['2001::', 23, 'reserved (Teredo, ORCHID, benchmarks)'],
  ['2001:db8::', 32, 'for documentation'],
  ['3fff::', 20, 'for documentation'],
];

/** IPv6 prefixes with an IPv4 address in them, and how many bits lie below that. */
const CARRIERS: readonly (readonly [base: string, bits: number, below: number])[] = [
  ['::ffff:0:0', 96, 0],
  ['64:ff9b::', 96, 0],
  ['2002::', 16, 80],
];

/** @returns what is special about the address; null for one on the public internet */
export function addressProblem(address: string): string | null {
  if (isIPv4(address)) return ipv4Problem(ipv4Value(address));
  // A zone (fe80::1%eth0) is a matter of this machine alone.
  if (!isIPv6(address) || address.includes('%')) return 'no public address';
  const value = ipv6Value(address);
  for (const [base, bits, below] of CARRIERS) {
    if (!isWithin(value, { base: ipv6Value(base), bits, width: 128 })) continue;
    return ipv4Problem((value >> BigInt(below)) & 0xffff_ffffn);
  }
  const special = IPV6_BLOCKS.find(([base, bits]) =>
    isWithin(value, { base: ipv6Value(base), bits, width: 128 }),
  );
  if (special !== undefined) return special[2];
  return isWithin(value, { base: ipv6Value('2000::'), bits: 3, width: 128 }) ? null : 'reserved';
}

/** True for a host that stands in `allowPrivateHosts`; both may be written in any case, with brackets or a last dot. */
export function isAllowedHost(host: string, allowed: readonly string[]): boolean {
  const wanted = bareHost(host);
  return allowed.some((name) => bareHost(name) === wanted);
}

/** `[::1]` → `::1`, `Example.org.` → `example.org`. */
export function bareHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function ipv4Problem(value: bigint): string | null {
  const special = IPV4_BLOCKS.find(([base, bits]) =>
    isWithin(value, { base: ipv4Value(base), bits, width: 32 }),
  );
  return special?.[2] ?? null;
}

interface Range {
  readonly base: bigint;
  readonly bits: number;
  readonly width: number;
}

function isWithin(value: bigint, { base, bits, width }: Range): boolean {
  const below = BigInt(width - bits);
  return value >> below === base >> below;
}

function ipv4Value(address: string): bigint {
  return address.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function ipv6Value(address: string): bigint {
  const [head = '', tail] = address.split('::');
  const [first, last] = [groupsOf(head), groupsOf(tail ?? '')];
  const missing = tail === undefined ? 0 : 8 - first.length - last.length;
  const groups = [...first, ...Array<bigint>(missing).fill(0n), ...last];
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

/** The last group may be written as an IPv4 address, which is two. */
function groupsOf(text: string): readonly bigint[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)];
    const value = ipv4Value(group);
    return [value >> 16n, value & 0xffffn];
  });
}
