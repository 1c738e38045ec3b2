import { createRandom } from '@tributary/testkit/inputs/random';
import { expect, test } from 'vitest';
import { createRestingBytes } from '../src/partitions/resting-bytes.ts';

test.each([1, 2, 3])('law 7: bytes lie where it is said, in twice the room that they need, seed %i', (seed) => {
  const random = createRandom(seed);
  const held = createRestingBytes();
  const plain = new Map<number, { bytes: Uint8Array; place: number }>();
  let [moves, most] = [0, 0];
  for (let step = 0; step < 4_000; step++) {
    // Users come, and then most of them go.
    const isFull = Math.floor(step / 1_000) % 2 === 1;
    const slot = random.below(400);
    const own = plain.get(slot);
    if (own !== undefined) held.leave(own.place);
    plain.delete(slot);
    if (!isFull || random.chance(0.1)) {
      const bytes = new Uint8Array(random.pick([0, 1, 100, 3_000, 16_000])).fill(random.below(256));
      plain.set(slot, { bytes, place: held.hold(slot, bytes) });
    }
    held.tidy((moved, place) => {
      moves++;
      (plain.get(moved) as { place: number }).place = place;
    });
    const inUse = [...plain.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
    most = Math.max(most, inUse);
    // Four blocks are emptied at a time.
    if (step % 100 === 99) expect(held.reserved()).toBeLessThan(2 * inUse + 400_000);
    if (step % 500 === 499) for (const { bytes, place } of plain.values()) expect(held.at(place)).toEqual(bytes);
  }
  expect(moves).toBeGreaterThan(20);
  expect(most).toBeGreaterThan(500_000);
});
