import { describe, expect, test } from 'vitest';
import { isIpv6, parseAuthority } from '../../../protocol/handshake/authority.ts';

describe('an authority', () => {
  test.each([
    ['example.com', 'example.com', undefined],
    ['EXAMPLE.com:8080', 'example.com', 8080],
    ['example.com.', 'example.com.', undefined],
    ['localhost:', 'localhost', undefined],
    ['a:0', 'a', 0],
    ['a:65535', 'a', 65_535],
    ['a:00080', 'a', 80],
    ['127.0.0.1:80', '127.0.0.1', 80],
    ['my_host', 'my_host', undefined],
    ['[::1]', '[::1]', undefined],
    ['[2001:DB8::1]:443', '[2001:db8::1]', 443],
  ])('%j is read', (text, host, port) => {
    expect(parseAuthority(text)).toEqual({ host, port });
  });

  test.each([
    '',
    ':80',
    'a:65536',
    'a:99999999999999999999',
    'a:b',
    'a:-1',
    'a:+1',
    'a: 1',
    'a:1:2',
    'a b',
    'a, b',
    'a/b',
    'a?b',
    'a#b',
    'user@a',
    'a\\b',
    'a%41',
    '[::1',
    '::1',
    '[]',
    '[a]',
    '[::1]a',
    '[::1]80',
    '[127.0.0.1]',
    '[fe80::1%25eth0]',
    '[v1.a]',
    'é',
    '\u212a',
  ])('%j is refused', (text) => {
    expect(parseAuthority(text)).toBeUndefined();
  });
});

test.each([
  '::',
  '::1',
  '1::',
  '1:2:3:4:5:6:7:8',
  '1::8',
  '1:2:3:4:5:6:7::',
  '::2:3:4:5:6:7:8',
  'ABCD:ef01::',
  '::ffff:192.0.2.1',
  '1:2:3:4:5:6:255.255.255.255',
  '::0.0.0.0',
])('%s is an IPv6 address (RFC 4291 §2.2)', (text) => {
  expect(isIpv6(text)).toBe(true);
});

test.each([
  '',
  ':',
  ':::',
  '1',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '1::2::3',
  '1:2:3::4:5:6::7:8',
  ':1::2',
  '1::2:',
  '12345::',
  'g::',
  '::1.2.3',
  '::1.2.3.4.5',
  '::256.0.0.1',
  '::01.2.3.4',
  '1.2.3.4::',
  '::1.2.3.4:5',
  '1:2:3:4:5:6:7:1.2.3.4',
  '1.2.3.4',
])('%j is none', (text) => {
  expect(isIpv6(text)).toBe(false);
});
