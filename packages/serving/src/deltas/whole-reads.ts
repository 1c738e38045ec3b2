/**
 * Partitions that are read whole, beside the polls that follow the commits: who asks for what is held does not wait for them. What was read is
 * taken up by the next poll, which adds what was committed meanwhile.
 *
 *   nothing is held, or its feed does not reach     all views are read, and take the place of what is held. What differs is found some
 *   back to what is held                            thousand rows at a turn; where it could be followed after all meanwhile, it stays
 *   a view is not held, or an older generation      what is missing is read, and joins what is held once both are of one commit
 */
import { TributaryError } from '@tributary/model/errors';
import type { ServingStore } from '@tributary/store/serving-store';
import { assertAnswered } from '../merge.ts';
import { type Turn, turn } from '../rows-in-turns.ts';
import { differencesOf } from './differences.ts';
import type { HeldDeltas } from './held.ts';
import type { HeldPartition, ReadPartition } from './partitions.ts';

export interface WholeReads {
  /** Reads what is lacking; resolves when all of it was read, rejects with `store_unavailable`, `deltas_retired`. What was read stays. */
  read(): Promise<void>;
  /** What was read of a partition and not taken yet. */
  of(partition: number): ReadPartition | undefined;
  take(partition: number): void;
  forget(): void;
}

/** Partitions read at a time: others' commands have their turn in between. */
const AT_ONCE = 4;

/** However many rows there are, as a multiple of what goes by without a page. */
const LONGEST_OF_PATIENCE = 12;

export interface WholeReadsOptions {
  readonly partitions: number;
  readonly store: Pick<ServingStore, 'readWhole'>;
  readonly held: HeldDeltas;
  /** Without a page for so long it is given up, ms. */
  readonly patienceMs: number;
  /** What is wanted of all partitions now. */
  readonly wanted: () => { readonly views: readonly string[]; readonly from: number };
  /** Whether what is held of a partition cannot be followed. */
  readonly isBehind: (partition: number) => boolean;
  readonly clock: () => { readonly askedMs: number; readonly asked: number };
}

/** What is to be read of a partition. */
interface Lack {
  readonly views: readonly string[];
  readonly from: number;
  readonly joins: boolean;
}

const NOTHING_HELD: Pick<HeldPartition, 'generations'> = { generations: new Map() };

export function createWholeReads(options: WholeReadsOptions): WholeReads {
  const { partitions, store, held, patienceMs, wanted, isBehind, clock } = options;
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const done = new Map<number, ReadPartition>();
  let underWay: Promise<void> | null = null;

  /** null: nothing. */
  function lackOf(partition: number): Lack | null {
    const { views, from } = wanted();
    const before = held.partition(partition);
    const read = done.get(partition);
    if (before === null || isBehind(partition)) {
      const isRead = read !== undefined && !read.joins && read.from <= from && views.every((view) => read.views.includes(view));
      return isRead ? null : { views, from, joins: false };
    }
    if (held.covers(partition, views, from)) return null;
    const missing = before.from <= from ? views.filter((view) => !before.views.has(view)) : views;
    const lack = { views: missing, from: Math.min(from, before.from), joins: true };
    const isRead = read?.joins === true && read.from <= lack.from && missing.every((view) => read.views.includes(view));
    return isRead ? null : lack;
  }

  /** While a worker catches up, what was read is behind again before the last partition is: none is read twice for the same. */
  async function readAll(): Promise<void> {
    const wasRead = new Set<string>();
    for (;;) {
      const lacks = all.flatMap((partition) => {
        const lack = lackOf(partition);
        const like = JSON.stringify(lack);
        return lack === null || wasRead.has(`${partition} ${like}`) ? [] : [{ partition, lack, like }];
      });
      const [first] = lacks;
      if (first === undefined) return;
      const some = lacks.filter(({ like }) => like === first.like).slice(0, AT_ONCE);
      const asked = some.map(({ partition }) => partition);
      for (const partition of asked) wasRead.add(`${partition} ${first.like}`);
      await withinPatience((goOn) => readSome(asked, first.lack, goOn));
    }
  }

  async function readSome(some: readonly number[], { views, from, joins }: Lack, goOn: Turn): Promise<void> {
    const stamp = clock();
    const read = await store.readWhole(some, views, from, goOn);
    await goOn();
    assertAnswered(read, some);
    for (const whole of read) {
      const before = held.partition(whole.partition);
      const compared = before === null || joins ? NOTHING_HELD : before;
      const differences = before === null ? new Map() : await differencesOf(compared, whole, goOn);
      await goOn();
      done.set(whole.partition, { whole, views, from, before, joins, differences, ...stamp });
    }
  }

  async function withinPatience(work: (goOn: Turn) => Promise<void>): Promise<void> {
    const { promise, reject } = Promise.withResolvers<never>();
    let error: TributaryError | null = null;
    const giveUp = (why: string) => {
      error ??= new TributaryError('store_unavailable', why);
      reject(error);
    };
    const timer = (ms: number, why: string) => (ms === Number.POSITIVE_INFINITY ? undefined : setTimeout(giveUp, ms, why));
    const idle = timer(patienceMs, `the store did not answer within ${patienceMs} ms`);
    const longestMs = LONGEST_OF_PATIENCE * patienceMs;
    const longest = timer(longestMs, `the deltas could not be read whole within ${longestMs / 1_000} s`);
    const goOn = async () => {
      idle?.refresh();
      await turn();
      if (error !== null) throw error;
    };
    try {
      await Promise.race([work(goOn), promise]);
    } finally {
      clearTimeout(idle);
      clearTimeout(longest);
      error ??= new TributaryError('store_unavailable', 'the read was given up');
    }
  }

  return {
    read() {
      underWay ??= readAll().finally(() => {
        underWay = null;
      });
      return underWay;
    },
    of: (partition) => done.get(partition),
    take: (partition) => void done.delete(partition),
    forget: () => done.clear(),
  };
}
