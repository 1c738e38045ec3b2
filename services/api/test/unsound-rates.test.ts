/** Law 4 hands out all conversions, whatever the shares: where one is below 0 or above 1, the answer says so. */
import { expect, test } from 'vitest';
import { times, walk } from './walked.ts';
import { createWorld } from './world.ts';

test('one stray journey makes the credit of rates unsound: the answer says so, alone and in a comparison, live and counted', async () => {
  const world = await createWorld();
  const day = [
    ...times(40, { path: ['search'], converted: true, value: 10 }),
    ...times(60, { path: ['search'], converted: false }),
    ...times(20, { path: ['search', 'email'], converted: true, value: 10 }),
  ];
  await walk(world, [...day, { path: ['stray'], converted: false }]);
  await world.tick();
  const warnings = async (path: string) => (await world.get(`/v1/attribution${path}`)).body.meta.warnings;
  const stray = expect.stringMatching(/stray -[\d.]+ %, 1 journeys over it alone/);
  const both = async () => {
    expect(await warnings('?model=rateShapley')).toEqual([stray]);
    expect(await warnings('/compare?models=shapley,rateShapley,markov')).toEqual([stray]);
    expect(await warnings('?model=rateShapley&value=revenue&by=day')).toContainEqual(stray);
    expect(await warnings('/compare?models=shapley,markov,hybrid')).toEqual([]);
  };
  await both();
  await world.cut(1);
  await world.publish(1);
  await both();
});
