/** Groups of users cost the speed layer nothing: they are the rows that it writes by partition anyway (decision 26). */
import { arbitraryLog } from '@tributary/testkit/inputs/arbitrary-log';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { naiveByPartition } from '@tributary/testkit/oracle/naive-by-partition';
import { GROUPED_VIEWS, byPartition as grouped, keyOfGroup } from '@tributary/views/by-partition';
import { addRow, type Rows } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byPartition, speedFold } from './speed-fold.ts';

const PARTITIONS = 4;
/** Lateness as the arbitrary log needs it: two hours. */
const DEFINITIONS = definitionsOf({ ...SMALL_DEFINITIONS, latenessDays: 2 / 24 });

test('law 1: speed workers write a row for each row of a group, and no view beside those of all', () => {
  const names: readonly string[] = VIEWS.map(({ name }) => name);
  expect(names.filter((name) => GROUPED_VIEWS.some((view) => grouped(view).name === name))).toEqual([]);
  let written = 0;
  fc.assert(
    fc.property(arbitraryLog({ inTime: true }), (events) => {
      const folds = byPartition(events, PARTITIONS).map((log) => speedFold(log, { definitions: DEFINITIONS }).deltas[0]);
      for (const deltas of folds) expect([...(deltas?.keys() ?? [])].filter((name) => !names.includes(name))).toEqual([]);
      for (const view of GROUPED_VIEWS) {
        const rows: Rows = new Map();
        for (const [partition, deltas] of folds.entries())
          for (const [key, sums] of deltas?.get(view.name) ?? []) {
            addRow(rows, `${keyOfGroup(view, key)}\t${partition}`, sums);
            written++;
          }
        expect(rows).toEqual(naiveByPartition(events, DEFINITIONS, view, PARTITIONS));
      }
    }),
    { numRuns: 200 },
  );
  expect(written).toBeGreaterThan(1_000);
});
