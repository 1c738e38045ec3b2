import { PartedRows, type Parts } from '@tributary/views/parted-rows';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Bytes } from '../commit/bytes.ts';
import { writeBundle } from '../commit/write-bundle.ts';
import { readDeltas } from './paged-read.ts';
import type { HashesAsked, Page, PageAsked, PartitionHashes, PartitionReads } from './partition-reads-port.ts';

const VIEWS = ['a', 'b'] as const;
const BOUNDS = { pageRows: 2, pageBytes: 1_000, mostAtOnce: 3, bytesAtOnce: 1_000 };

type Sums = Map<string, number>;

interface Row {
  readonly key: string;
  measure: number;
  /** By key: what the field holds in place of a row. */
  readonly bundle?: Sums;
}

/** A partition as Redis keeps it: hashes that keep zeros, whose order a scan follows, and a feed of few entries. */
interface Stored {
  generation: number;
  oldest: number;
  commit: string;
  commits: number;
  feed: string[];
  readonly hashes: Map<string, Row[]>;
  readonly pending: Map<number, number>;
}

type Event =
  | { readonly kind: 'commit'; readonly rows: readonly { view: 0 | 1; key: number; amount: number; place: number }[] }
  /** A large commit: of one view, what it adds is a bundle, and the feed is empty then. */
  | {
      readonly kind: 'bundle';
      readonly view: 0 | 1;
      readonly rows: readonly { key: number; amount: number }[];
      readonly place: number;
    }
  | { readonly kind: 'barrier' }
  /** The feed does not reach back beyond it. */
  | { readonly kind: 'overflow' }
  | { readonly kind: 'retire' }
  | { readonly kind: 'checkpoint' }
  | { readonly kind: 'lose' }
  /** Redis is loaded again: the order of a scan is another one. */
  | { readonly kind: 'shuffle'; readonly seed: number };

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      rows: fc.array(
        fc.record({
          view: fc.constantFrom<0 | 1>(0, 1),
          key: fc.nat(11),
          amount: fc.integer({ min: -2, max: 2 }),
          place: fc.nat(11),
        }),
        { maxLength: 4 },
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('bundle' as const),
      view: fc.constantFrom<0 | 1>(0, 1),
      rows: fc.array(fc.record({ key: fc.nat(11), amount: fc.integer({ min: 1, max: 3 }) }), { minLength: 1, maxLength: 4 }),
      place: fc.nat(11),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'barrier' as const }) },
  ...(['overflow', 'retire', 'checkpoint', 'lose'] as const).map((kind) => ({ weight: 1, arbitrary: fc.constant({ kind }) })),
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('shuffle' as const), seed: fc.nat() }) },
);

function createPartition() {
  let stored: Stored = {
    generation: 0,
    oldest: 0,
    commit: '',
    commits: 0,
    feed: [],
    hashes: new Map(),
    pending: new Map(),
  };
  let saved: Stored | null = null;
  let made = 0;

  function file(view: string, generation: number, { key, amount, place }: { key: number; amount: number; place: number }): void {
    const name = `${generation} ${view}`;
    const rows = stored.hashes.get(name) ?? [];
    stored.hashes.set(name, rows);
    const row = rows.find((one) => one.key === keyOf(key));
    if (row !== undefined) row.measure += amount;
    else rows.splice(Math.min(place, rows.length), 0, { key: keyOf(key), measure: amount });
  }

  function commit(rows: readonly { view: 0 | 1; key: number; amount: number; place: number }[], next: number): void {
    const id = `c${++made}`;
    const { generation, commit: after } = stored;
    const deltas: unknown[] = [];
    for (const [v, view] of VIEWS.entries()) {
      const own = rows.filter((row) => row.view === v);
      if (own.length === 0) continue;
      const summed: Sums = new Map();
      for (const { key, amount } of own) summed.set(keyOf(key), (summed.get(keyOf(key)) ?? 0) + amount);
      deltas.push(view, 1, [...summed].flat());
      if (generation >= stored.oldest) for (const row of own) file(view, generation, row);
    }
    stored.pending.set(generation, (stored.pending.get(generation) ?? 0) + 1);
    stored.feed.push([id, after, `p${made}`, 'log', 0, next, '', generation, 1, 0, JSON.stringify(deltas), ''].join('\n'));
    Object.assign(stored, { commit: id, commits: stored.commits + 1, generation: next });
  }

  function commitBundle({ view, rows, place }: Extract<Event, { kind: 'bundle' }>): void {
    commit([], stored.generation);
    stored.feed.length = 0;
    if (stored.generation < stored.oldest) return;
    const name = `${stored.generation} ${VIEWS[view]}`;
    const own = stored.hashes.get(name) ?? [];
    stored.hashes.set(name, own);
    const bundle: Sums = new Map();
    for (const { key, amount } of rows) bundle.set(keyOf(key), (bundle.get(keyOf(key)) ?? 0) + amount);
    own.splice(Math.min(place, own.length), 0, { key: `\t${stored.commit}`, measure: 0, bundle });
  }

  function since(asked: { readonly commitId: string; readonly commits: number }): string[] | null {
    const ahead = stored.commits - asked.commits;
    if (ahead === 0) return stored.commit === asked.commitId ? [] : null;
    return ahead < 0 || ahead > stored.feed.length ? null : stored.feed.slice(-ahead);
  }

  return {
    play(one: Event): void {
      if (one.kind === 'commit') commit(one.rows, stored.generation);
      else if (one.kind === 'bundle') commitBundle(one);
      else if (one.kind === 'barrier') commit([], stored.generation + 1);
      else if (one.kind === 'overflow') stored.feed.length = 0;
      else if (one.kind === 'checkpoint') saved = structuredClone(stored);
      else if (one.kind === 'lose') stored = structuredClone(saved ?? stored);
      else if (one.kind === 'retire') {
        stored.oldest = Math.max(stored.oldest, stored.generation);
        for (const name of stored.hashes.keys()) if (Number(name.split(' ')[0]) < stored.oldest) stored.hashes.delete(name);
      } else for (const rows of stored.hashes.values()) rows.sort((a, b) => order(a.key, one.seed) - order(b.key, one.seed));
    },
    /** By generation and view, without zeros. */
    sums(from: number): Map<string, Sums> {
      const sums = new Map<string, Sums>();
      for (const [name, rows] of stored.hashes) if (Number(name.split(' ')[0]) >= from) sums.set(name, sumsOf(rows));
      return sums;
    },
    get: () => stored,
    hashes({ views, from, mostRows, since: known }: HashesAsked): PartitionHashes {
      if (from < stored.oldest) throw new Error(`RETIRED ${from}`);
      const entries = known === null ? [] : since(known);
      const fields = {
        position: 'p',
        commit: stored.commit,
        commits: String(stored.commits),
        generation: String(stored.generation),
      };
      const numbers = Array.from({ length: Math.max(0, stored.generation + 1 - from) }, (_, i) => from + i);
      const generations = numbers.map((generation) => {
        const rows = views.map((view) => stored.hashes.get(`${generation} ${view}`) ?? []);
        return {
          generation,
          pending: stored.pending.get(generation) ?? 0,
          overflowed: 0,
          lengths: rows.map((own) => own.length),
          rows,
        };
      });
      const count = generations.flatMap(({ lengths }) => lengths).reduce((sum, length) => sum + length, 0);
      return {
        fields,
        entries,
        generations: generations.map(({ rows, ...one }) => ({ ...one, views: count > mostRows ? null : rows.map(flat) })),
      };
    },
    /** The place is the last key of the page before: whatever comes in front of it meanwhile is not in a page. */
    page({ generation, view, which, since: known }: PageAsked): Page {
      const all = stored.hashes.get(`${generation} ${view}`) ?? [];
      const asked = { oldest: stored.oldest, lastCommit: stored.commit, entries: since(known) };
      if ('keys' in which) return { ...asked, place: '0', hash: flat(all.filter(({ key }) => which.keys.includes(key))) };
      const first = which.place === '0' ? 0 : all.findIndex(({ key }) => key === which.place) + 1;
      const some = all.slice(first, first + which.rows);
      const place = first + which.rows >= all.length ? '0' : (some.at(-1)?.key ?? '0');
      // A scan may give a row again.
      return { ...asked, place, hash: flat([...all.slice(0, first % 3), ...some]) };
    },
  };
}

function keyOf(key: number): string {
  return `k\t${key}`;
}

/** Without zeros. */
function sumsOf(rows: readonly Row[]): Sums {
  const sums: Sums = new Map();
  for (const { key, measure, bundle = [[key, measure] as const] } of rows)
    for (const [own, amount] of bundle) sums.set(own, (sums.get(own) ?? 0) + amount);
  return new Map([...sums].filter(([, sum]) => sum !== 0));
}

function order(key: string, seed: number): number {
  return (Number(key.replace(/\D/g, '')) * 7 + (seed % 1_009)) % 13;
}

function flat(rows: readonly Row[]): Buffer[] {
  return rows.flatMap(({ key, measure, bundle }) => {
    const packed = Buffer.alloc(5);
    packed.writeInt32LE(measure, 1);
    return [Buffer.from(key), bundle === undefined ? packed : packedBundle(bundle)];
  });
}

function packedBundle(bundle: Sums): Buffer {
  const rows = new PartedRows(1, ['']);
  for (const [key, amount] of bundle) rows.addParts(...(key.split('\t') as [string, string]), 0, [amount], 1);
  const bytes = new Bytes();
  expect(writeBundle(bytes, rows.parts() as Parts)).toBe(true);
  // What a text of MessagePack begins with is not stored.
  return Buffer.from(bytes.written().subarray(5));
}

test('law 1: whatever is committed, retired or lost between any two pages, what was read is all of one commit', async () => {
  const reads = { done: 0, inPages: 0, retired: 0, lost: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { maxLength: 30 }),
      fc.array(fc.array(event, { maxLength: 3 }), { minLength: 1, maxLength: 40 }),
      fc.nat(2),
      async (before, during, from) => {
        const partition = createPartition();
        for (const one of before) partition.play(one);
        const startedWith = partition.get().commits;
        const moments = new Map([[partition.get().commit, partition.sums(from)]]);
        let loses = false;
        let pages = 0;
        const left = during.values();
        const between = async () => {
          for (const one of left.next().value ?? []) {
            loses ||= one.kind === 'lose';
            partition.play(one);
            moments.set(partition.get().commit, partition.sums(from));
          }
        };
        const source: Pick<PartitionReads, 'hashes' | 'page'> = {
          async hashes(_, asked) {
            await between();
            return partition.hashes(asked);
          },
          async page(_, asked) {
            await between();
            pages++;
            return partition.page(asked);
          },
        };
        try {
          const read = await readDeltas(source, 'p:', { views: VIEWS, from, before: undefined }, async () => undefined, BOUNDS);
          const expected = moments.get(read.fields['commit'] ?? '') as Map<string, Sums>;
          const got = new Map<string, Sums>();
          for (const [generation, { rows }] of read.generations)
            for (const [view, own] of rows)
              if (own.size > 0)
                got.set(`${generation} ${view}`, new Map([...own].map(([key, [measure]]) => [key, Number(measure)])));
          expect(got).toEqual(new Map([...expected].filter(([, own]) => own.size > 0)));
          if (!loses) expect(Number(read.fields['commits'])).toBeGreaterThanOrEqual(startedWith);
          reads.done++;
          if (pages > 0) reads.inPages++;
        } catch (error) {
          const { message } = error as Error;
          if (message.startsWith('RETIRED')) {
            expect(partition.get().oldest).toBeGreaterThan(from);
            reads.retired++;
          } else {
            expect(message).toMatch(/lost the thread/);
            reads.lost++;
          }
        }
      },
    ),
    { numRuns: 3_000 },
  );
  expect(reads.inPages).toBeGreaterThan(300);
  expect(reads.retired).toBeGreaterThan(20);
});

/** Reads generation 0 of view a, of eight rows at first; `before` is called with the number of each call. */
async function readWith(
  before: (call: number, partition: ReturnType<typeof createPartition>, asked: HashesAsked | PageAsked) => void,
) {
  const partition = createPartition();
  for (let key = 0; key < 8; key++) partition.play(rowOf(key));
  let calls = 0;
  const source: Pick<PartitionReads, 'hashes' | 'page'> = {
    async hashes(_, asked) {
      before(++calls, partition, asked);
      return partition.hashes(asked);
    },
    async page(_, asked) {
      before(++calls, partition, asked);
      const page = partition.page(asked);
      return 'keys' in asked.which ? page : { ...page, hash: withoutRow(page.hash, LOST) };
    },
  };
  const read = await readDeltas(source, 'p:', { views: ['a'], from: 0, before: undefined }, async () => undefined, BOUNDS);
  const rows = read.generations.get(0)?.rows.get('a') ?? new Map();
  expect(new Map([...rows].map(([key, [measure]]) => [key, measure]))).toEqual(partition.sums(0).get('0 a'));
  return calls;
}

/** No scan gives this row. */
const LOST = keyOf(0);

function rowOf(key: number): Event {
  return { kind: 'commit', rows: [{ view: 0, key, amount: 1, place: 99 }] };
}

function withoutRow(hash: readonly Buffer[], key: string): Buffer[] {
  return hash.flatMap((field, i) => {
    if (i % 2 === 1 || field.toString() === key) return [];
    return [field, hash[i + 1] as Buffer];
  });
}

test('law 1: a row that a scan lost is read by its key once it is committed again, at the very end too', async () => {
  for (const call of [2, 3, 5, 6])
    await readWith((number, partition) => {
      if (number === call) partition.play(rowOf(0));
    });
});

test('law 7: rows that a scan lost are missed: it begins again, and is an error at last', async () => {
  await expect(readWith(() => undefined)).rejects.toThrow(/got 3 reads of p: that lost the thread/);
});

test('law 1: a store that lost a commit and went another way is read again from the beginning, also where it has come farther', async () => {
  let began = 0;
  await readWith((number, partition, asked) => {
    if ('mostRows' in asked && asked.mostRows >= 0) began++;
    if (number === 2) {
      partition.play({ kind: 'checkpoint' });
      partition.play(rowOf(1));
    }
    if (number === 3) {
      partition.play({ kind: 'lose' });
      for (const key of [0, 2, 2]) partition.play(rowOf(key));
    }
    // Later on the lost row comes again with each read.
    if (number > 6) partition.play(rowOf(0));
  });
  expect(began).toBe(2);
});

/** A partition of which something is done before each reply; a read without an end is an error. */
function sourceThat(partition: ReturnType<typeof createPartition>, before: (call: number) => void) {
  let calls = 0;
  const replied = <T>(reply: () => T): Promise<T> => {
    calls++;
    if (calls > 200) return Promise.reject(new Error('a read must end (got 200 replies)'));
    before(calls);
    return Promise.resolve().then(reply);
  };
  return {
    hashes: (_: string, asked: HashesAsked) => replied(() => partition.hashes(asked)),
    page: (_: string, asked: PageAsked) => replied(() => partition.page(asked)),
  };
}

function inFront(key: number) {
  return { view: 0, key, amount: 1, place: 0 } as const;
}

async function firstView(source: ReturnType<typeof sourceThat>): Promise<Sums> {
  const { generations } = await readDeltas(
    source,
    'p:',
    { views: VIEWS, from: 0, before: undefined },
    async () => undefined,
    BOUNDS,
  );
  return new Map([...(generations.get(0)?.rows.get('a') ?? [])].map(([key, [measure]]) => [key, Number(measure)]));
}

test('law 7: rows that come with every commit, faster than they are looked up, do not keep a read from its end', async () => {
  const partition = createPartition();
  partition.play({ kind: 'commit', rows: [0, 1, 2, 3, 4, 5].map(inFront) });
  const source = sourceThat(partition, (call) => partition.play({ kind: 'commit', rows: [inFront(1), inFront(100 + call)] }));
  expect(await firstView(source)).toEqual(partition.sums(0).get('0 a'));
});

test.each([4, 5])(
  'law 7: a row that the feed names and the store has lost, before reply %i, does not keep a read from its end',
  async (lost) => {
    const partition = createPartition();
    partition.play({ kind: 'commit', rows: [0, 1, 2, 3].map(inFront) });
    const source = sourceThat(partition, (call) => {
      if (call === 3) partition.play({ kind: 'commit', rows: [inFront(50)] });
      if (call === lost) partition.get().hashes.get('0 a')?.shift();
    });
    expect(await firstView(source)).toEqual(partition.sums(0).get('0 a'));
  },
);

test('law 7: a commit of very many rows is taken up some thousand at a turn', async () => {
  const partition = createPartition();
  partition.play({ kind: 'commit', rows: [0, 1, 2, 3].map(inFront) });
  const many = Array.from({ length: 40_000 }, (_, i) => [`r${i}`, 1]).flat();
  let pauses = 0;
  let most = 0;
  const source = sourceThat(partition, (call) => {
    // One commit, of which the store then has none: who follows the feed has all of it, and the count says that some are missing.
    if (call === 2) partition.play({ kind: 'commit', rows: [inFront(1)] });
    const feed = partition.get().feed;
    if (call === 2) feed[feed.length - 1] = withRows(feed.at(-1) as string, JSON.stringify(['a', 1, many]));
    [most, pauses] = [Math.max(most, pauses), 0];
  });
  const pause = async () => pauses++;
  await expect(readDeltas(source, 'p:', { views: VIEWS, from: 0, before: undefined }, pause, BOUNDS)).resolves.toBeDefined();
  // Its text in pieces, and its rows.
  expect(most).toBeGreaterThanOrEqual(10);
});

function withRows(entry: string, rows: string): string {
  return entry.split('\n').with(10, rows).join('\n');
}
