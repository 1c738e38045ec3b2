import { expect, test } from 'vitest';
import { originTrouble } from './origin.ts';

test.each([
  'https://shop.example',
  'http://127.0.0.1:17590',
  'https://shop.example:8443',
  'http://[::1]:3000',
  'https://xn--bcher-kva.example',
])('%s is what a browser sends', (text) => expect(originTrouble(text)).toBeUndefined());

test.each([
  ['https://shop.example/', 'https://shop.example'],
  ['https://Shop.Example', 'https://shop.example'],
  ['HTTPS://shop.example', 'https://shop.example'],
  ['https://shop.example:443', 'https://shop.example'],
  ['http://shop.example:80/cart?a=1', 'http://shop.example'],
  ['https://me@shop.example', 'https://shop.example'],
  ['https://bücher.example', 'https://xn--bcher-kva.example'],
])('%s can never match, and %s is named in its place', (text, origin) => {
  expect(originTrouble(text)).toBe(`--origin must be written as browsers send it (got "${text}"). Write ${origin}.`);
  expect(originTrouble(origin)).toBeUndefined();
});

test.each(['https://*.shop.example', '*', 'https://shop.example:*'])('%s has a wildcard', (text) => {
  expect(originTrouble(text)).toContain(`without wildcards (got "${text}"). Name each host: --origin https://`);
});

test.each(['shop.example', 'localhost:3000', 'ftp://shop.example', 'null', '', 'https://'])('"%s" is refused', (text) => {
  expect(originTrouble(text)).toBe(`--origin must be an origin such as https://shop.example (got "${text}")`);
});
