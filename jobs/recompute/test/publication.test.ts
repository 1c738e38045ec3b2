/** Which generation readers take, as a run decides it. */
import { decidePublication } from '@tributary/recompute/publish/publication';
import { expect, test } from 'vitest';

test('the decision to publish: once, not over a rollback, not over somebody who knew better', () => {
  const published = (sequence: number, generation: number, held = false) => ({
    sequence,
    generation,
    action: held ? ('rollback' as const) : ('publish' as const),
    held,
    at: 0,
    by: 'test',
  });
  const facts = {
    generation: 3,
    scheduled: true,
    expectedSequence: 2,
    publications: [published(1, 1), published(2, 2)],
    waitingSinceMs: null,
    now: 0,
  };
  expect(decidePublication(facts)).toBe('publish');
  expect(decidePublication({ ...facts, publications: [], expectedSequence: 0 })).toBe('publish');
  expect(decidePublication({ ...facts, expectedSequence: 1 })).toBe('overtaken');
  const rolledBack = { ...facts, expectedSequence: 3, publications: [...facts.publications, published(3, 1, true)] };
  expect(decidePublication(rolledBack)).toBe('held');
  expect(decidePublication({ ...rolledBack, scheduled: false })).toBe('publish');
  // Published, then rolled back, then its job is tried again: it was published once, and that is over.
  expect(decidePublication({ ...rolledBack, generation: 2, scheduled: false })).toBe('already');
  const below = { promotion: { below: 0.1 }, moved: 0.01, engineDefectRows: 0 };
  expect(decidePublication({ ...facts, staged: below })).toBe('publish');
  for (const less of [{ promotion: 'ask' as const }, { moved: null }, { moved: 0.2 }, { engineDefectRows: 1 }])
    expect(decidePublication({ ...facts, staged: { ...below, ...less } }), JSON.stringify(less)).toBe('staged');
  // Where causes were not all looked for, a defect is not known.
  expect(decidePublication({ ...facts, staged: { ...below, engineDefectRows: null } })).toBe('publish');
});
