/** Law 1 of what is held: over any order of commits, reads, joins, expiries and passes it is what was counted, and its changes lead there. */
import { setImmediate as turn } from 'node:timers/promises';
import type { CommittedDeltas } from '@tributary/store/format/feed';
import type { GenerationDeltas, WholePartition } from '@tributary/store/serving-store';
import { activity } from '@tributary/views/activity/fold';
import { conversions } from '@tributary/views/conversions/fold';
import type { Rows, RowsByView } from '@tributary/views/deltas';
import { touches } from '@tributary/views/touches/fold';
import type { View } from '@tributary/views/view';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { differencesOf } from '../src/deltas/differences.ts';
import { createHeldDeltas, type Pass } from '../src/deltas/held.ts';
import type { SignedRows } from '../src/deltas/held-rows.ts';
import type { ReadPartition } from '../src/deltas/partitions.ts';
import { changesOf, type Version } from '../src/deltas/versions.ts';
import { collectionOf, type Question } from '../src/merge.ts';

const VIEWS: readonly View[] = [activity, conversions, touches];
const NAMES = VIEWS.map(({ name }) => name);
const QUESTIONS = VIEWS.map((view): [string, Question] => {
  const map = (
    parts: readonly string[],
    own: readonly (number | bigint)[],
    emit: (to: string, own: readonly (number | bigint)[]) => void,
  ) => emit(parts.join(' '), own);
  return [view.name, collectionOf(view, { key: 'all', days: { fromDay: null, toDay: null }, map })];
});

/** The commits of a partition: what was counted after the n-th of them. */
function logOf() {
  const commits: CommittedDeltas[] = [];
  return {
    commits,
    add(key: number, amount: number, steps: number) {
      const last = commits.at(-1);
      const generation = last?.next.generation ?? 0;
      const rows: RowsByView = new Map(
        VIEWS.map(({ name, measures }) => [name, new Map([[`2026-03-01\ta\t${key}`, measures.map(() => amount)]])]),
      );
      const position = String(commits.length + 1).padStart(4, '0');
      const next = { position, logIdentity: 'log', logTimeMs: 1, generation: generation + steps, definitions: `${key}` };
      commits.push({
        id: `c${position}`,
        after: last?.id ?? '',
        next,
        generation,
        rows,
        pending: key,
        overflowed: amount === 2 ? 1 : 0,
      });
    },
    cursor: (count: number) => ({ commitId: commits[count - 1]?.id ?? '', commits: count }),
    /** Rows of these views alone, as a follower asks for them. */
    since: (count: number, views: readonly string[]) =>
      commits
        .slice(count)
        .map((commit) => ({ ...commit, rows: new Map([...commit.rows].filter(([view]) => views.includes(view))) })),
    at(count: number, from: number): Map<number, { readonly rows: Map<string, Rows>; pending: number; overflowed: number }> {
      const generations = new Map<number, { readonly rows: Map<string, Rows>; pending: number; overflowed: number }>();
      for (const { generation, rows, pending, overflowed } of commits.slice(0, count)) {
        if (generation < from) continue;
        const own = generations.get(generation) ?? { rows: new Map(), pending: 0, overflowed: 0 };
        generations.set(generation, own);
        own.pending += pending;
        own.overflowed += overflowed;
        for (const [view, added] of rows) {
          const into = own.rows.get(view) ?? new Map();
          own.rows.set(view, into);
          for (const [key, measures] of added) {
            const sum = measures.map((measure, i) => Number(measure) + Number(into.get(key)?.[i] ?? 0));
            if (sum.every((one) => one === 0)) into.delete(key);
            else into.set(key, sum);
          }
        }
      }
      return generations;
    },
    barriers(count: number, from: number) {
      const crossed = commits
        .slice(0, count)
        .filter(({ generation, next }) => next.generation > generation && next.generation >= from);
      return new Map(crossed.map(({ next }) => [next.generation, next.position as string]));
    },
  };
}

function sumOf(question: Question, parts: Iterable<SignedRows>): Rows {
  const sum: Rows = new Map();
  for (const { rows, sign } of parts) question.addTo(sum, rows, sign);
  return sum;
}

const op = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      key: fc.nat(2),
      amount: fc.constantFrom(-1, 1, 2),
      steps: fc.constantFrom(0, 0, 0, 1),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('follow' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      views: fc.subarray(NAMES, { minLength: 1 }),
      from: fc.nat(2),
      /** null: it takes the place of what is held. */
      joins: fc.constantFrom(null, 'with what is held' as const, 'with what is held' as const, 'alone' as const),
      /** Commits that are followed before what was read is taken; null: it is taken later. */
      overtakenBy: fc.constantFrom(null, null, 0, 1, 2),
      key: fc.nat(2),
      steps: fc.nat(1),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('take' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('keep' as const), views: fc.subarray(NAMES, { minLength: 1 }), from: fc.nat(2) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('pass' as const, 'release' as const) }) },
);

test('law 1: what is held is what was counted, and its changes lead there from whatever was held before', async () => {
  let joined = 0;
  let followed = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(op, { minLength: 10, maxLength: 60 }), async (ops) => {
      const log = logOf();
      const held = createHeldDeltas(1);
      let read: ReadPartition | null = null;
      const passes: { readonly pass: Pass; readonly question: Question; readonly rows: Rows }[] = [];
      const remembered = new Map<string, { readonly version: Version; readonly rows: Rows }>();

      async function readPartition(views: readonly string[], from: number, joins: boolean): Promise<ReadPartition> {
        const count = log.commits.length;
        const generations = new Map<number, GenerationDeltas>(
          [...log.at(count, from)].map(([generation, own]) => {
            const rows: RowsByView = new Map([...own.rows].filter(([view]) => views.includes(view)));
            return [generation, { ...own, rows }];
          }),
        );
        const last = log.commits.at(-1)?.next;
        const barriers = log.barriers(count, from);
        const state = last === undefined ? null : { ...last, definitions: last.definitions ?? '', barriers };
        const whole: WholePartition = { partition: 0, cursor: log.cursor(count), state, generations };
        const before = held.partition(0);
        const compared = before === null || joins ? { generations: new Map() } : before;
        const differences =
          before === null ? new Map<number, RowsByView>() : await differencesOf(compared, whole, async () => {});
        return { whole, views, from, before, joins, differences, askedMs: 0, asked: 0 };
      }

      async function follow(): Promise<void> {
        const own = held.partition(0);
        if (own !== null) await held.add(0, log.since(own.cursor.commits, [...own.views]), pace);
      }

      /** As a look does. */
      async function take(one: ReadPartition): Promise<void> {
        const own = held.partition(0);
        const [of, isOlder] = [
          one.whole.cursor.commits,
          one.joins && own !== null && own.cursor.commits > one.whole.cursor.commits,
        ];
        const from = one.joins && own !== null && !isOlder ? own.cursor.commits : of;
        const names = [...new Set([...one.views, ...(own?.views ?? [])])];
        if ((await held.takeUp(one, log.since(from, names), pace)) && isOlder) joined++;
      }

      /** Others see what is held whenever it is their turn. */
      const pace = async () => {
        await turn();
        expectExact();
      };

      function expectExact(): void {
        const partition = held.partition(0);
        if (partition === null) return;
        const { cursor, state } = partition;
        for (let from = 0; from <= 3; from++) {
          if (!held.covers(0, [], from)) continue;
          const counted = log.at(cursor.commits, from);
          const { pending, overflowed } = held.speedState(from);
          const all = [...counted.values()];
          expect({ pending, overflowed }).toEqual({
            pending: all.reduce((sum, own) => sum + own.pending, 0),
            overflowed: all.reduce((sum, own) => sum + own.overflowed, 0),
          });
          const barriers = new Map([...(state?.barriers ?? [])].filter(([generation]) => generation >= from));
          expect(barriers).toEqual(log.barriers(cursor.commits, from));
          for (const [view, question] of QUESTIONS) {
            if (!held.covers(0, [view], from)) continue;
            const rows: Rows = new Map();
            for (const own of counted.values()) question.addTo(rows, own.rows.get(view) ?? new Map());
            expect(sumOf(question, held.parts(question, from))).toEqual(rows);
            const key = `${view} ${from}`;
            const known = remembered.get(key);
            if (known !== undefined) {
              const changes = [...changesOf(question, from, known.version, held.newest())];
              expect(sumOf(question, [{ rows: known.rows, sign: 1 }, ...changes])).toEqual(rows);
              followed++;
            } else remembered.set(key, { version: held.newest(), rows });
          }
        }
        for (const { pass, question, rows } of passes) expect(sumOf(question, pass.parts)).toEqual(rows);
      }

      for (const one of ops) {
        const partition = held.partition(0);
        if (one.kind === 'commit') log.add(one.key, one.amount, one.steps);
        else if (one.kind === 'follow') await follow();
        else if (one.kind === 'read') {
          const joins = partition === null ? null : one.joins;
          const also = joins === 'with what is held' ? (partition?.views ?? []) : [];
          read = await readPartition([...new Set([...one.views, ...also])], one.from, joins !== null);
          for (let left = one.overtakenBy ?? 0; left > 0; left--) log.add(one.key, left, one.steps);
          if (one.overtakenBy !== null) {
            await follow();
            await take(read);
            read = null;
          }
        } else if (one.kind === 'take' && read !== null) {
          await take(read);
          read = null;
        } else if (one.kind === 'keep') held.keepOnly(one.views, one.from);
        else if (one.kind === 'pass' && partition !== null)
          for (const [view, question] of QUESTIONS)
            for (let from = partition.from; from <= 2 && partition.views.has(view); from++) {
              held.isReadyToPass(question, from);
              passes.push({
                pass: held.pass(question, from, held.newest()),
                question,
                rows: sumOf(question, held.parts(question, from)),
              });
            }
        else if (one.kind === 'release') for (const { pass } of passes.splice(0)) pass.release();
        expectExact();
      }
    }),
    { numRuns: 600 },
  );
  expect(joined).toBeGreaterThan(100);
  expect(followed).toBeGreaterThan(10_000);
});
