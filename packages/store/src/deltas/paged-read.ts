/**
 * The deltas of a partition as of one commit, however many rows they have.
 *
 *   begin   the state, and how many rows there are      few: all of them in the same reply, and that is all
 *     ↓
 *   pages   some rows, each page of the commit that      commits go on meanwhile: what they added comes with the page, from the
 *     ↓     was the last one then                        feed, and is added to all that was read before
 *   count   the state, and how many rows there are       exactly as many rows must be held, or all is read again
 *     ↓
 *   new     rows that no page had, by their keys         what the feed says of them may not be all
 *     ↓
 *   end     counted again, where there were any
 *
 * Everything that is held is of the commit that the last reply named: the commits since are added first, then the rows of the reply, which have
 * them, take the place of what was held. The commits must lead from the first to the last without a gap, as in the feed's other use. Rows are
 * never taken out of a hash but with their whole generation, which `oldest` says. So each row that is held is in the store, and where there are as
 * many in the store, all are held. Whatever row comes after that count is a new one: the feed has all of it, and it is not looked up. So the
 * rows to look up become fewer with each page, however fast others come.
 *
 * Nothing of this trusts a scan to be whole: a cursor of HSCAN means nothing to the process of Redis that loads, or is given, the hash meanwhile.
 */
import { type Integer, add as plus } from '@tributary/model/integer';
import { type Rows, type RowsByView, rowsOf } from '@tributary/views/deltas';
import { type CommittedDeltas, isChain, parseFeedEntries } from '../format/feed.ts';
import { addBundles, isBundle } from '../format/row-bundle.ts';
import { unpackMeasures } from '../format/words.ts';
import type { FeedCursor, GenerationDeltas, Pause } from '../serving-store.ts';
import type { GenerationHashes, Page, PageAsked, PartitionHashes, PartitionReads } from './partition-reads-port.ts';
import { READ_BOUNDS, type ReadBounds } from './read-bounds.ts';

export interface DeltasAsked {
  readonly views: readonly string[];
  readonly from: number;
  readonly before: number | undefined;
}

export interface ReadDeltas {
  /** The state, as of the commit that the rows are of. */
  readonly fields: Readonly<Record<string, string>>;
  readonly generations: ReadonlyMap<number, GenerationDeltas>;
}

/** Rows that are passed over at a turn. */
const ROWS_PER_TURN = 8_192;
/** A read that lost the thread begins again. */
const ATTEMPTS = 3;

/** Rejects with `RETIRED …` when the deltas of `from` are gone, and as `pause` does, which is awaited between pages. */
export async function readDeltas(
  reads: Pick<PartitionReads, 'hashes' | 'page'>,
  prefix: string,
  asked: DeltasAsked,
  pause: Pause,
  bounds: ReadBounds = READ_BOUNDS,
): Promise<ReadDeltas> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const begun = await reads.hashes(prefix, {
      ...asked,
      mostRows: bounds.mostAtOnce,
      mostBytes: bounds.bytesAtOnce,
      since: null,
    });
    const all = await atOnce(begun, asked.views, pause);
    if (all !== null) return all;
    const read = await readPages(begun, { reads, prefix, asked, pause, bounds });
    if (read !== null) return read;
  }
  throw new Error(
    `a partition with more than ${bounds.mostAtOnce} rows of deltas must keep what is committed while they are read (got ${ATTEMPTS} reads of ${prefix} that lost the thread). Ask again when the speed worker has caught up, or run a generation, after which there are fewer rows`,
  );
}

async function atOnce(
  { fields, generations }: PartitionHashes,
  views: readonly string[],
  pause: Pause,
): Promise<ReadDeltas | null> {
  const read = new Map<number, GenerationDeltas>();
  for (const { generation, pending, overflowed, views: hashes } of generations) {
    if (hashes === null) return null;
    const rows: RowsByView = new Map();
    for (const [i, view] of views.entries()) {
      const own = rowsOf(rows, view);
      const bundles: Bundles = new Map();
      takePage(own, bundles, hashes[i] ?? []);
      for (const [key, measures] of own) if (isZero(measures)) own.delete(key);
      await addBundles(own, bundles.values(), pause);
    }
    read.set(generation, { rows, pending, overflowed });
  }
  return { fields, generations: read };
}

interface Reading {
  readonly reads: Pick<PartitionReads, 'hashes' | 'page'>;
  readonly prefix: string;
  readonly asked: DeltasAsked;
  readonly pause: Pause;
  readonly bounds: ReadBounds;
}

/** null: the feed did not reach back, the store went another way, or rows are missing. */
async function readPages(begun: PartitionHashes, reading: Reading): Promise<ReadDeltas | null> {
  const {
    reads,
    prefix,
    asked,
    pause,
    bounds: { pageRows: rows, pageBytes: bytes },
  } = reading;
  const gathered = gatherRows(asked, begun);

  /** null: the thread is lost. */
  async function readPage(generation: number, view: string, which: PageAsked['which']): Promise<Pick<Page, 'place'> | null> {
    await pause();
    const page = await reads.page(prefix, { generation, view, which, since: gathered.at() });
    if (page.oldest > asked.from)
      throw new Error(`RETIRED the deltas of generation ${asked.from} are gone, the oldest kept is ${page.oldest}`);
    if (!(await gathered.takeUp(page.entries, page.lastCommit, pause))) return null;
    gathered.take(generation, view, page.hash);
    return page;
  }

  for (const { generation, lengths } of begun.generations)
    for (const [i, view] of asked.views.entries()) {
      for (let place = lengths[i] === 0 ? null : '0'; place !== null; ) {
        const page = await readPage(generation, view, { place, rows, bytes });
        if (page === null) return null;
        place = page.place === '0' ? null : page.place;
      }
    }
  const counted = await countRows();
  if (counted === null) return null;
  gathered.seal();
  let end: PartitionHashes | null = counted;
  for (let some = gathered.unread(rows, bytes); some !== null; some = gathered.unread(rows, bytes)) {
    if ((await readPage(some.generation, some.view, { keys: some.keys })) === null) return null;
    end = null;
  }
  end ??= await countRows();
  return end === null ? null : { fields: end.fields, generations: await gathered.given(end.generations, pause) };

  /** The state, with which all rows are held; null: the thread is lost, or some are missing. */
  async function countRows(): Promise<PartitionHashes | null> {
    const count = await reads.hashes(prefix, { ...asked, mostRows: -1, mostBytes: 0, since: gathered.at() });
    if (!(await gathered.takeUp(count.entries, count.fields['commit'] ?? '', pause))) return null;
    return count.generations.every((one) => hasAllRows(one, asked.views, gathered)) ? count : null;
  }
}

export function cursorOf(fields: Readonly<Record<string, string>>): FeedCursor {
  return { commitId: fields['commit'] ?? '', commits: Number(fields['commits'] ?? 0) };
}

interface GatheredRows {
  /** The commit that all of it is of. */
  at(): FeedCursor;
  /** Adds what was committed since, a piece at a turn. false: the entries do not lead to the commit `to`. */
  takeUp(entries: readonly string[] | null, to: string, pause: Pause): Promise<boolean>;
  /** Rows as they are in the store with the last commit that was taken up. */
  take(generation: number, view: string, hash: readonly Buffer[]): void;
  /** All rows of the store are held: what comes from here on is new, and the feed has all of it. */
  seal(): void;
  /** Takes out rows of which only what was committed since the beginning is known, of one hash, up to these bounds; null: there are none. */
  unread(
    most: number,
    bytes: number,
  ): { readonly generation: number; readonly view: string; readonly keys: readonly string[] } | null;
  /** Those whose measures are all zero count: they are in the store. */
  count(generation: number, view: string): number;
  /** All rows that are not zero, by generation. */
  given(generations: readonly GenerationHashes[], pause: Pause): Promise<Map<number, GenerationDeltas>>;
}

interface GatheredHash {
  readonly rows: Rows;
  /** None comes while they are read: a commit with one breaks the thread, and where somebody reads in pages, none has one. */
  readonly bundles: Bundles;
  readonly unread: Set<string>;
  /** There was nothing in the beginning: what was committed since is all. */
  readonly isNew: boolean;
}

function gatherRows({ views, from, before = Number.POSITIVE_INFINITY }: DeltasAsked, begun: PartitionHashes): GatheredRows {
  const wanted = new Set(views);
  const hashes = new Map<number, Map<string, GatheredHash>>();
  let at = cursorOf(begun.fields);
  let isSealed = false;

  function hashOf(generation: number, view: string): GatheredHash {
    const byView = hashes.get(generation) ?? new Map<string, GatheredHash>();
    hashes.set(generation, byView);
    const lengths = begun.generations.find((one) => one.generation === generation)?.lengths;
    const hash = byView.get(view) ?? {
      rows: new Map(),
      bundles: new Map(),
      unread: new Set(),
      isNew: (lengths?.[views.indexOf(view)] ?? 0) === 0,
    };
    byView.set(view, hash);
    return hash;
  }

  let passed = 0;

  async function add({ generation, rows: byView }: CommittedDeltas, pause: Pause): Promise<void> {
    if (generation < from || generation >= before) return;
    for (const [view, added] of byView) {
      const { rows, unread, isNew } = hashOf(generation, view);
      for (const [key, measures] of added) {
        const own = rows.get(key);
        if (own === undefined) {
          rows.set(key, measures.slice());
          if (!isNew && !isSealed) unread.add(key);
        } else for (const [i, measure] of measures.entries()) own[i] = plus(own[i] ?? 0, measure);
        if (++passed % ROWS_PER_TURN === 0) await pause();
      }
    }
  }

  return {
    at: () => at,
    async takeUp(entries, to, pause) {
      if (entries === null) return false;
      const commits = await parseFeedEntries(entries, wanted, pause);
      if (commits === null) return false;
      if (!isChain(commits, at.commitId, to)) return false;
      for (const commit of commits) await add(commit, pause);
      at = { commitId: to, commits: at.commits + commits.length };
      return true;
    },
    take(generation, view, hash) {
      const { rows, bundles, unread } = hashOf(generation, view);
      takePage(rows, bundles, hash);
      if (unread.size > 0) for (let i = 0; i < hash.length; i += 2) unread.delete(String(hash[i]));
    },
    seal: () => {
      isSealed = true;
    },
    unread(most, bytes) {
      for (const [generation, byView] of hashes)
        for (const [view, { unread }] of byView) {
          const keys = firstOf(unread, most, bytes);
          // A row that is not there after all is not asked for again: the count says so.
          for (const key of keys) unread.delete(key);
          if (keys.length > 0) return { generation, view, keys };
        }
      return null;
    },
    count(generation, view) {
      const { rows, bundles } = hashOf(generation, view);
      return rows.size + bundles.size;
    },
    async given(generations, pause) {
      const all = new Map<number, GenerationDeltas>();
      for (const { generation, pending, overflowed } of generations) {
        const rows: RowsByView = new Map();
        for (const view of views) {
          const hash = hashOf(generation, view);
          rows.set(view, await withoutZeros(hash.rows, pause));
          await addBundles(hash.rows, hash.bundles.values(), pause);
        }
        all.set(generation, { rows, pending, overflowed });
      }
      return all;
    },
  };
}

/** At most `most`, and less than `bytes` before the last one. */
function firstOf(all: Iterable<string>, most: number, bytes: number): string[] {
  const some: string[] = [];
  let taken = 0;
  for (const one of all) {
    taken += Buffer.byteLength(one);
    if (some.push(one) >= most || taken >= bytes) break;
  }
  return some;
}

function hasAllRows({ generation, lengths }: GenerationHashes, views: readonly string[], gathered: GatheredRows): boolean {
  return views.every((view, i) => gathered.count(generation, view) === lengths[i]);
}

/** By their fields: a scan may give one twice. */
type Bundles = Map<string, Buffer>;

/** The hash of one view: field = row key, value = measures as commit.lua packs them, or a bundle. */
function takePage(rows: Rows, bundles: Bundles, hash: readonly Buffer[]): void {
  for (let i = 0; i + 1 < hash.length; i += 2) {
    const [field, value] = [String(hash[i]), hash[i + 1] as Buffer];
    if (isBundle(value)) bundles.set(field, value);
    else rows.set(field, unpackMeasures(value));
  }
}

function isZero(measures: readonly Integer[]): boolean {
  return measures.every((measure) => measure === 0);
}

/** The same rows without zeros, some thousand at a turn. */
async function withoutZeros(rows: Rows, pause: Pause): Promise<Rows> {
  let passed = 0;
  for (const [key, measures] of rows) {
    if (isZero(measures)) rows.delete(key);
    if (++passed % ROWS_PER_TURN === 0) await pause();
  }
  return rows;
}
