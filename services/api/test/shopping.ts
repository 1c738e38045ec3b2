/** What customers of a shop do, and what the oracle says of it. */
import type { Integer } from '@tributary/model/integer';
import { HOUR_MS } from '@tributary/model/time';
import { createRandom } from '@tributary/testkit/inputs/random';
import { naive } from '@tributary/testkit/oracle/naive';
import { addRow, type Rows } from '@tributary/views/deltas';
import { event, type World } from './world.ts';

/** The oracle's credit by channel under one model. */
export function naiveByChannel(world: World, model: string): Record<string, { creditMicros: Integer; valueMinor: Integer }> {
  const sums: Rows = new Map();
  for (const [key, measures] of naive(world.log, world.definitions).get('credit') ?? []) {
    const parts = key.split('\t');
    if (parts[1] === model) addRow(sums, parts[3] as string, measures);
  }
  return Object.fromEntries(
    [...sums].map(([channel, [creditMicros = 0, valueMinor = 0]]) => [channel, { creditMicros, valueMinor }]),
  );
}

/** Credit by channel as an answer has it. */
// biome-ignore lint/suspicious/noExplicitAny: rows of an answer
export function byChannel(rows: any[]): Record<string, { creditMicros: Integer; valueMinor: Integer }> {
  return Object.fromEntries(
    rows
      .filter((row) => row.creditMicros !== 0 || row.valueMinor !== 0)
      .map(({ channel, creditMicros, valueMinor }) => [channel, { creditMicros, valueMinor }]),
  );
}

/** Clicks and purchases of some users within two hours. */
export async function shopping(world: World, seed: number, events: number, fromMs: number) {
  const random = createRandom(seed);
  for (let i = 0; i < events; i++) {
    const ts = fromMs + random.below(2 * HOUR_MS);
    const userId = `u${random.below(12)}`;
    if (random.chance(0.25))
      await world.ingest(event({ type: 'purchase', userId, ts, value: random.between(-500, 9_999), currency: 'EUR' }));
    else
      await world.ingest(
        event({ type: 'ad_click', userId, ts, channel: random.pick(['search', 'social', 'email']), cost: random.below(90) }),
      );
  }
}
