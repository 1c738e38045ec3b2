/**
 * Random histories of a store: commits, barriers, retirements, lost writes, and followers that look now and then. Laws
 * about following are stated over them, for the port and for the API, on every adapter.
 */
import type { RowsByView } from '@tributary/views/deltas';
import fc from 'fast-check';
import type { StoreUnderTest } from './store-under-test.ts';

export const HISTORY_PARTITIONS = 4;
/** Views of which rows are committed; `['day', 'type']` and `['day', 'type', 'currency']`. */
export const HISTORY_VIEWS = ['activity', 'conversions'] as const;

export type StoreEvent =
  | {
      readonly kind: 'commit';
      readonly partition: number;
      readonly rows: readonly { readonly view: 0 | 1; readonly key: number; readonly amount: number }[];
      readonly pending: number;
      readonly overflowed: number;
    }
  /** More rows than a feed takes in one entry. */
  | { readonly kind: 'large commit'; readonly partition: number }
  | { readonly kind: 'barrier'; readonly partition: number }
  | { readonly kind: 'retire'; readonly behind: number }
  /** A state that a later `lose` goes back to. */
  | { readonly kind: 'checkpoint'; readonly partition: number }
  | { readonly kind: 'lose'; readonly partition: number }
  | {
      readonly kind: 'look';
      readonly follower: number;
      readonly views: 0 | 1 | 2;
      readonly behind: number;
      /** Reading whole partitions fails meanwhile. */
      readonly fails: boolean;
    };

const partition = fc.nat(HISTORY_PARTITIONS - 1);

export const storeHistory: fc.Arbitrary<StoreEvent[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('commit' as const),
        partition,
        rows: fc.array(
          fc.record({
            view: fc.constantFrom<0 | 1>(0, 1),
            key: fc.nat(7),
            amount: fc.integer({ min: -2, max: 3 }).filter((amount) => amount !== 0),
          }),
          { maxLength: 4 },
        ),
        pending: fc.nat(1),
        overflowed: fc.nat(1),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('large commit' as const), partition }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('barrier' as const), partition }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('retire' as const), behind: fc.nat(3) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('checkpoint' as const), partition }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('lose' as const), partition }) },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('look' as const),
        follower: fc.nat(2),
        views: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
        behind: fc.nat(3),
        fails: fc.nat(4).map((chance) => chance === 0),
      }),
    },
  ),
  { minLength: 1, maxLength: 60 },
);

export type Look = Extract<StoreEvent, { kind: 'look' }>;

/** The views that a look asks for: either, or both. */
export function viewsOf({ views }: Look): readonly string[] {
  return views === 2 ? HISTORY_VIEWS : [HISTORY_VIEWS[views]];
}

/** Plays a history on a store; `look` is called with the generation that the look asks for. */
export async function playHistory(
  store: StoreUnderTest,
  history: readonly StoreEvent[],
  look: (event: Look, generation: number) => Promise<void>,
): Promise<void> {
  const checkpoints = new Map<number, () => Promise<void>>();
  let [commits, newest] = [0, 0];
  for (const event of history) {
    if (event.kind === 'look') await look(event, Math.max(0, newest - event.behind));
    else if (event.kind === 'retire') await store.serving.retireDeltas(Math.max(0, newest - event.behind));
    else if (event.kind === 'checkpoint') checkpoints.set(event.partition, await store.checkpoint(event.partition));
    else if (event.kind === 'lose') {
      await checkpoints.get(event.partition)?.();
      checkpoints.delete(event.partition);
    } else newest = Math.max(newest, await commit(store, event, ++commits));
  }
}

async function commit(
  { speed }: StoreUnderTest,
  event: Exclude<StoreEvent, { kind: 'look' | 'retire' | 'checkpoint' | 'lose' }>,
  number: number,
): Promise<number> {
  const before = await speed.loadState(event.partition);
  const deltasGeneration = before?.generation ?? 0;
  const generation = event.kind === 'barrier' ? deltasGeneration + 1 : deltasGeneration;
  const outcome = await speed.commit({
    partition: event.partition,
    expected: before?.position ?? null,
    expectedCommit: before?.commitId ?? '',
    id: `commit ${number}`,
    next: {
      position: String(Number(before?.position ?? 0) + 1).padStart(6, '0'),
      logIdentity: 'log',
      logTimeMs: number,
      generation,
      definitions: `{"a":${generation % 3}}`,
    },
    appends: new Map(),
    rewrites: new Map(),
    deltas: rowsOfEvent(event),
    deltasGeneration,
    pending: event.kind === 'commit' ? event.pending : 0,
    overflowed: event.kind === 'commit' ? event.overflowed : 0,
    conversions: new Map(),
    parked: [],
  });
  if (outcome !== 'committed') throw new Error(`the commit ${number} was ${outcome}`);
  return generation;
}

function rowsOfEvent(event: StoreEvent): RowsByView {
  const [activity, conversions] = [new Map<string, number[]>(), new Map<string, number[]>()];
  if (event.kind === 'large commit') for (let i = 0; i < 1_000; i++) activity.set(`2026-03-0${1 + (i % 4)}\ttype ${i}`, [1]);
  if (event.kind === 'commit')
    for (const { view, key, amount } of event.rows) {
      const filed = `2026-03-0${1 + (key % 4)}\t${key < 4 ? 'búy' : 'visit'}`;
      if (view === 0) activity.set(filed, [amount]);
      else conversions.set(`${filed}\tEUR`, [amount, amount * 4_000_000_000]);
    }
  return new Map([['activity', activity] as const, ['conversions', conversions] as const].filter(([, rows]) => rows.size > 0));
}
