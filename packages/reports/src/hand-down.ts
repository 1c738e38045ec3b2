/** From the value of a whole to that of its places (campaigns, days, …): linear credit says what each of them sold and gave back. */
import { distribute } from '@tributary/attribution/distribute';
import { add, type Integer, subtract } from '@tributary/model/integer';

/** What linear credit says of a place. */
export interface LinearPart {
  readonly creditMicros: Integer;
  readonly valueMinor: Integer;
}

/** Whole micro-credits that sum to `total` (law 4). */
export function handDownCredit(total: Integer, places: readonly LinearPart[]): Integer[] {
  return distribute(
    total,
    places.map(({ creditMicros }) => Math.max(0, Number(creditMicros))),
  );
}

/**
 * Minor units that sum to `total` (law 4), by value; by credit where there is none. Where sales stand beside refunds, a share of their sum
 * may be of any size: each place keeps what linear credit says of it, and what `total` has more or less goes by the size of that.
 * Without refunds both say the same. `part`: of the places' linear value that belongs to this whole.
 */
export function handDownValue(total: Integer, places: readonly LinearPart[], part = 1): Integer[] {
  const values = places.map(({ valueMinor }) => valueMinor);
  if (values.every((value) => value === 0)) return handDownCredit(total, places);
  const sizes = values.map((value) => Math.abs(Number(value)));
  if (values.every((value) => value >= 0) || values.every((value) => value <= 0)) return distribute(total, sizes);
  const own = part === 1 ? values : values.map((value) => distribute(value, [part, 1 - part])[0] as Integer);
  const rest = distribute(subtract(total, own.reduce(add, 0)), sizes);
  return own.map((value, i) => add(value, rest[i] as Integer));
}
