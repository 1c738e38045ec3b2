/** Found by the operators at random: the first generation under an edited file is called an engine defect. */
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { event } from './one-user.ts';
import { asRun, createWorld } from './world.ts';

test('law 8: definitions edited before the first generation do not raise the alarm of an engine defect', async () => {
  const world = await createWorld(definitionsOf(SMALL_DEFINITIONS));
  try {
    await world.ingest([event('a', 0, 'click', { channel: 'search' }), event('o', 1, 'buy', { value: 5 })]);
    await world.turn();
    const edited = definitionsOf({ ...SMALL_DEFINITIONS, conversions: ['Order Completed'] });
    const outcome = await world.run(asRun({ scheduled: true }), { configuredDefinitions: async () => edited });
    expect(outcome).toMatchObject({ published: 'published' });
    const { engineDefectRows, because } = await world.reconciliation(1);
    expect({ engineDefectRows, because }).toMatchObject({ engineDefectRows: null, because: { definitionsChanged: true } });
  } finally {
    await world.close();
  }
});
