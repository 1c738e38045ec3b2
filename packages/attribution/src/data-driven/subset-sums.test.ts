import { expect, test } from 'vitest';
import { sumOverSubsets, sumOverSupersets } from './subset-sums.ts';

test.each([0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12])('of %i channels: what each set holds, and what holds it', (channels) => {
  const length = 2 ** channels;
  const values = Float64Array.from({ length }, (_, mask) => (mask % 5 === 0 ? 0 : (mask * 7_919) % 1_009));
  const [below, above] = [values.slice(), values.slice()];
  sumOverSubsets(below);
  sumOverSupersets(above);
  for (let mask = 0; mask < length; mask += channels > 8 ? 37 : 1) {
    let [lower, upper] = [0, 0];
    for (let other = 0; other < length; other++) {
      if ((other & mask) === other) lower += values[other] as number;
      if ((other & mask) === mask) upper += values[other] as number;
    }
    expect([below[mask], above[mask]]).toEqual([lower, upper]);
  }
});
