/** What leaves the page of an address, and the sums of shares. */
import { split as splitOfPlatform } from '@tributary/model/amounts/money';
import { expect, test } from 'vitest';
import { split } from '../src/attention/split.ts';
import { clean, masked, withVisitor } from '../src/page/clean.ts';

test.each([
  '42',
  '2026-11-25',
  '+49-151-2345',
  'order-10001',
  'user12345',
  'jane@x.example',
  'jane%40x.example',
  '0190d3c2-7b1e-7cc0-a1b2-3c4d5e6f7a8b',
  'deadbeefdeadbeef',
  'a8f5f167f44f4964e6c998dee827110c',
  'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.x',
  'QWxhZGRpbjpvcGVuIHNlc2FtZSBhbmQgdGhlbg',
  'V1StGXR8_Z5jdHi6B-myT',
  'kq3v9x7m2p4r8t1w',
  '\n1',
])('a part of a path that looks like an id reads :id: %s', (part) => {
  expect(masked(part)).toBe(':id');
});

test.each([
  '',
  'product',
  'shoes-for-men',
  'iphone-15-pro-max-256gb-black',
  'top-100',
  'v2',
  'a',
  'terms_and_conditions',
  'Über-uns',
])('a name stays: "%s"', (part) => {
  expect(masked(part)).toBe(part);
});

test('however long an address or a name is, looking for ids in it takes time in proportion', () => {
  const msOf = (text: string) => {
    const { user } = process.cpuUsage();
    for (let i = 0; i < 10; i++) masked(text);
    return process.cpuUsage({ user, system: 0 }).user / 1_000;
  };
  // One of them takes a second where each digit is compared with all that follow it.
  for (const unit of ['1', 'a1-', 'A_', 'aB3.', '-', '_9', '\n1', 'é'])
    for (const end of ['', 'a', '.', '@']) expect([unit, end, msOf(unit.repeat(32_000) + end) < 500]).toEqual([unit, end, true]);
});

test('an address keeps its path, campaigns and click ids, and what the page allows', () => {
  const url =
    'https://me:secret@shop.example:8443/p/42;jsessionid=abc/x?q=secret&utm_source=n&gclid=Cj0K&page=2&utm_content=a@b.c#token=1';
  expect(clean(url)).toBe('https://shop.example:8443/p/:id/x?utm_source=n&gclid=Cj0K&utm_content=%3Aid');
  expect(clean(url, ' page  size ')).toBe('https://shop.example:8443/p/:id/x?utm_source=n&gclid=Cj0K&page=2&utm_content=%3Aid');
  expect(clean('https://a.example/?ab_x=1&abc=2', 'ab_*')).toBe('https://a.example/?ab_x=1');
  expect(clean('https://a.example/#/user/77?t=1', '', true)).toBe('https://a.example/#/user/:id');
  for (const other of ['', 'about:blank', 'javascript:alert(1)', 'android-app://x', 'mailto:jane@x.example'])
    expect(clean(other)).toBe('');
  expect(clean(`https://a.example/${'x/'.repeat(2_000)}?utm_source=${'y'.repeat(2_000)}`).length).toBeLessThan(2_048);
});

test('law 6: what leaves the page is what its list names: a name of no letters is on none, an address that is encoded twice is masked', () => {
  expect(clean('https://a.example/?=secret&utm_source=x')).toBe('https://a.example/?utm_source=x');
  expect(clean('https://a.example/?=secret&page=2', ' page ')).toBe('https://a.example/?page=2');
  expect(clean('https://a.example/?color[]=red&x=1', 'color[]')).toBe('https://a.example/?color%5B%5D=red');
  expect(clean('https://a.example/?a(b=1&axb=2&ab=3', 'a(b a.b')).toBe('https://a.example/?a%28b=1');
  expect(clean('https://a.example/ada%252540b.example?utm_content=ada%2540b.example')).toBe(
    'https://a.example/:id?utm_content=%3Aid',
  );
});

test('a link carries the visitor’s id once, however often it is clicked, and all else as it was', () => {
  const [first, second] = [1, 2].map((click) => `_tr=${'0a'.repeat(16)}.${1_763_640_000_000 + click}`) as [string, string];
  for (const query of ['', 'x=1', 'x=a%20b&x=+&y', '_tr=theirs&q=%26_tr%3D']) {
    const link = new URL(`https://b.example/?${query}#end`);
    for (const id of [first, second]) link.search = withVisitor(link.search, id);
    expect(link.href).toBe(`https://b.example/?${query && `${query}&`}${second}#end`);
  }
  expect(withVisitor(`?${first}&x=1`, second)).toBe(`x=1&${second}`);
});

test('shares add up to the whole, and are those of the platform', () => {
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let i = 0; i < 500; i++) {
    const weights = Array.from({ length: 1 + random(20) }, () => random(1_000_000)).concat(1);
    const total = random(20_000);
    expect(split(total, weights)).toEqual(splitOfPlatform(total, weights));
  }
});
