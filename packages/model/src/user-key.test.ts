import { describe, expect, it } from 'vitest';
import { murmur2, partitionOf, userKeyOf } from './user-key.ts';

describe('the partition of a user', () => {
  // Vectors of Kafka's own UtilsTest#testMurmur2.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('is by the murmur2 that Kafka computes: %s', (text, hash) => {
    expect(murmur2(text)).toBe(hash);
  });

  it('hashes UTF-8 bytes, short and long alike', () => {
    const long = 'ü€😀'.repeat(2000);
    expect(murmur2(`${'ü'}`)).toBe(murmur2(Buffer.from('ü').toString()));
    expect(partitionOf(long, 16)).toBeGreaterThanOrEqual(0);
    expect(partitionOf(long, 16)).toBeLessThan(16);
  });

  it('clears the sign bit instead of taking the absolute value', () => {
    expect(partitionOf('21', 16)).toBe((-973932308 & 0x7fffffff) % 16);
  });

  it('prefers the userId, and names the defect of an event without a user', () => {
    expect(userKeyOf({ userId: null, anonymousId: 'a' })).toBe('a');
    expect(userKeyOf({ userId: 'u', anonymousId: 'a' })).toBe('u');
    expect(() => userKeyOf({})).toThrow(TypeError);
  });
});
