/** What a refusal says, and how long it may be. */
import { expect, test } from 'vitest';
import { describe, invalid, pathOf, refusedBefore } from './refusal.ts';

test('a refusal has its parts apart, and one sentence of them all', () => {
  const place = ['properties', 'items', 0, 'price'];
  const refusal = invalid('invalid_field', { field: place, must: 'be a number', got: '"x"', fix: 'Send digits' });
  expect(refusal.message).toBe('properties.items[0].price must be a number (got "x"). Send digits.');
  expect([pathOf(refusal.field as typeof place), refusal.must]).toEqual(['properties.items[0].price', 'be a number']);
});

test('law 7: a message is bounded whatever it names, and valid Unicode where it is cut', () => {
  for (const long of ['k'.repeat(1e6), '😀'.repeat(5e5), `${'k'.repeat(1_011)}😀${'k'.repeat(9)}`]) {
    for (const { message } of [
      invalid('forbidden_key', { field: ['properties', long], must: 'be short', got: 'more' }),
      refusedBefore('undecodable_record', long),
    ]) {
      expect(message.length).toBeLessThanOrEqual(1_024);
      expect(message.isWellFormed()).toBe(true);
    }
    expect(describe(long).length).toBeLessThanOrEqual(61);
  }
});
