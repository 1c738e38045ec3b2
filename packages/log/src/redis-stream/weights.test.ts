import { expect, test } from 'vitest';
import { createWeights } from './weights.ts';

const MIB = 1024 * 1024;
const of = (length: number) => ({ partition: 0, body: 'x'.repeat(length) });

test('a first read asks for little; light entries let it ask for all', () => {
  const weights = createWeights();
  expect(weights.entriesWithin(MIB, 200)).toBe(4);
  for (let i = 0; i < 20; i++) weights.note(Array.from({ length: weights.entriesWithin(MIB, 200) }, () => of(250)));
  expect(weights.entriesWithin(MIB, 200)).toBe(200);
});

test('one heavy entry among light ones is enough to ask for few', () => {
  const weights = createWeights();
  weights.note([of(100), of(512 * 1024), of(100)]);
  expect(weights.entriesWithin(MIB, 200)).toBe(2);
  weights.note([of(100)]);
  expect(weights.entriesWithin(MIB, 200)).toBe(2);
  weights.note([of(100)]);
  expect(weights.entriesWithin(MIB, 200)).toBe(4);
});

test('an entry that is heavier than the bound is read all the same, alone', () => {
  const weights = createWeights();
  weights.note([of(2 * MIB)]);
  expect(weights.entriesWithin(MIB, 200)).toBe(1);
});

test('a read that found nothing says nothing', () => {
  const weights = createWeights();
  weights.note([]);
  expect(weights.entriesWithin(MIB, 200)).toBe(4);
});

test('law 7: however light entries were, a read asks for a few more than the fullest partition gave before', () => {
  const weights = createWeights();
  for (let i = 0; i < 20; i++) weights.note([of(250), { partition: 1, body: '' }]);
  expect(weights.entriesWithin(MIB, 200)).toBe(8);
  weights.note(Array.from({ length: 8 }, (_, i) => ({ partition: i % 2, body: '' })));
  expect(weights.entriesWithin(MIB, 200)).toBe(8);
  weights.note(Array.from({ length: 8 }, () => of(250)));
  expect(weights.entriesWithin(MIB, 200)).toBe(16);
  weights.note([]);
  expect(weights.entriesWithin(MIB, 200), 'there is no backlog').toBe(8);
});
