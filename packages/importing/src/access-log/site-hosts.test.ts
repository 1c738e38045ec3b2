import { expect, test } from 'vitest';
import { createSiteHosts } from './site-hosts.ts';

function guess(...hits: [target: string, referrer: string][]): string | null {
  const hosts = createSiteHosts();
  for (const [target, referrer] of hits) hosts.note({ target, referrer });
  return hosts.guess();
}

test('the site is the host whose pages are requested and then refer', () => {
  expect(
    guess(
      ['/a', ''],
      ['/b?x=1', 'https://www.Shop.example/a'],
      ['/c', 'https://shop.example/b?y=2'],
      ['/d', 'https://x.example/c'],
    ),
  ).toBe('shop.example');
});

test('a search engine or a partner that sends everybody is not the site', () => {
  const from = (referrer: string) => Array.from({ length: 50 }, (_, i): [string, string] => [`/page/${i}`, referrer]);
  expect(guess(...from('https://www.google.com/'))).toBeNull();
  expect(guess(...from('https://partner.example/list?of=shops'))).toBeNull();
  expect(guess(...from('https://partner.example/list'), ['/x', 'https://shop.example/page/3'])).toBe('shop.example');
});

test('no referrers, no guess; referrers that are not addresses are none', () => {
  expect(guess(['/', ''], ['/', '-'], ['/a', 'not an address'], ['/a', 'http://'])).toBeNull();
});
