/** What a store says of calls on several partitions in one turn of the event loop, which it may send as one: a part of its contract. */
import { expect, test } from 'vitest';
import { commitOf, rows, type StoreUnderTest, VIEW } from './store-under-test.ts';

export function testCallsOfOneTurn(make: () => Promise<StoreUnderTest>): void {
  test('invariants 1, 3, 4: commits of several partitions in one turn have outcomes of their own', async () => {
    const { speed, serving } = await make();
    const of = (partition: number, expected: string | null, position: string) => ({
      ...commitOf(expected, position, { deltas: rows('2026-03-01\tbuy\tEUR', [1 + partition, 7]) }),
      partition,
      appends: new Map([[`user ${partition}`, `{"at":"${position} of ${partition}"}\n`]]),
    });
    const first = [0, 1, 2].map((partition) => of(partition, null, 'p1'));
    expect(await Promise.all(first.map(speed.commit))).toEqual(['committed', 'committed', 'committed']);
    const second = [of(0, null, 'p0'), of(1, 'p1', 'p2'), of(2, null, 'p1'), of(3, 'p1', 'p2')];
    expect(await Promise.all(second.map(speed.commit))).toEqual(['fenced', 'committed', 'already', 'rewound']);
    const asked = [3, 2, 1, 0].map((partition) => speed.loadRecords(partition, [`user ${partition}`, 'absent'], 1e6));
    expect(await Promise.all(asked)).toEqual([
      { commitId: '', records: [null, null] },
      { commitId: 'commit of p1', records: ['{"at":"p1 of 2"}\n', null] },
      { commitId: 'commit of p2', records: ['{"at":"p1 of 1"}\n{"at":"p2 of 1"}\n', null] },
      { commitId: 'commit of p1', records: ['{"at":"p1 of 0"}\n', null] },
    ]);
    const sums = (await serving.deltas([VIEW], 0)).map(({ rows: own }) => own.get(VIEW)?.get('2026-03-01\tbuy\tEUR'));
    expect(sums).toEqual([[1, 7], [4, 14], [3, 7], undefined]);
  });

  test('law 7: of the records that several partitions ask for in one turn each partition gets its first one', async () => {
    const { speed } = await make();
    const record = (partition: number, size: number) => `${String(partition).repeat(size)}\n`;
    for (const partition of [0, 1, 2])
      await speed.commit({
        ...commitOf(null, 'p1'),
        partition,
        appends: new Map([
          ['large', record(partition, 5_000)],
          ['small', record(partition, 100)],
        ]),
      });
    const asked = [0, 1, 2, 3].map((partition) => speed.loadRecords(partition, ['absent', 'large', 'small'], 5_050));
    const given = (await Promise.all(asked)).map(({ records }) => records);
    expect(given[3]).toEqual([null, null, null]);
    for (const [partition, records] of given.slice(0, 3).entries())
      expect(records).toEqual([null, record(partition, 5_000), 101]);
  });
}
