import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { MOST_PAGE, pageOf } from './web-page-name.ts';

const any = definitionsOf({ web: {} });
const named = definitionsOf({ web: { pages: ['/', '/product/new', '/product/:id', '/a.b/(c)', '/blog/*'] } });

test.each([
  ['https://shop.example/a/b?q=1#f', 'shop.example/a/b'],
  ['https://shop.example', 'shop.example/'],
  ['https://shop.example?q=/x', 'shop.example/'],
  ['/cart#/x', '/cart'],
  ['app+v2://Straße/größe', 'Straße/größe'],
  ['a b://c', 'a b://c'],
  ['https://x/?a\u2028b', 'x/'],
  [undefined, '(none)'],
  ['(other)', '(other)'],
])('the page of %o is called %o', (address, name) => {
  expect(pageOf(address, any)).toBe(name);
});

test.each([
  ['https://shop.example/', 'shop.example/'],
  ['https://shop.example/product/new', 'shop.example/product/new'],
  ['https://shop.example/product/7?x=1', 'shop.example/product/:id'],
  ['https://shop.example/product/7/8', '(other)'],
  ['https://shop.example/product/', '(other)'],
  ['https://shop.example/a.b/(c)', 'shop.example/a.b/(c)'],
  ['https://shop.example/aXb/c', '(other)'],
  ['https://shop.example/blog/', 'shop.example/blog/*'],
  ['https://shop.example/blog/a\u2028/b', 'shop.example/blog/*'],
  ['https://shop.example/blog', '(other)'],
])('where pages are listed, %s is called %s', (address, name) => {
  expect(pageOf(address, named)).toBe(name);
});

test('a name is bounded in characters, however many units they take', () => {
  const host = 'shop.example';
  for (const sign of ['a', '😀']) {
    const longest = sign.repeat(MOST_PAGE - host.length - 1);
    expect(pageOf(`https://${host}/${longest}`, any)).toBe(`${host}/${longest}`);
    expect(pageOf(`https://${host}/${longest}${sign}`, any)).toBe('(other)');
  }
});

test.each([[['product']], [['/a*']], [['/*/b']], [['/a?b']], [['/a b']], [['/:']], [[]]])(
  '%j cannot be the pages that are counted',
  (pages) => {
    expect(() => definitionsOf({ web: { pages } })).toThrow(/definitions, at web\.pages/);
  },
);
