/** Keys of one person in the speed layer (decision 43), with the real worker. */
import { expect, test } from 'vitest';
import { type Outcome, simulateAdoption } from './adoption-world.ts';

/** `node test/laws/identity-soak.ts 2000 0 engines` runs more. */
const SEEDS = 30;

test('laws 1, 2 and 3: with keys joined, workers and publishers that die, lost writes and barriers apart, each answer is what the log says, and a complete one what was sent', async () => {
  const total: Record<string, number> = {};
  for (let seed = 0; seed < SEEDS; seed++)
    for (const [name, n] of Object.entries(await simulateAdoption(seed))) total[name] = (total[name] ?? 0) + n;
  // It must have met what it is about.
  const least: Outcome = {
    checked: 20,
    complete: 5,
    messages: 60,
    rewinds: 2,
    crashes: 5,
    merged: 1,
    erased: 0.3,
    lifted: 1,
    keys: 50,
    keysInFlight: 10,
    alone: 0.8,
    floors: -1,
    held: -1,
  };
  for (const [name, n] of Object.entries(least)) expect((total[name] ?? 0) / SEEDS, name).toBeGreaterThan(n);
});

test('laws 1 and 7: links do not reach what the records of their keys had lost, and a complete answer is what was sent', async () => {
  const total: Record<string, number> = {};
  for (let seed = 0; seed < SEEDS; seed++)
    for (const [name, n] of Object.entries(await simulateAdoption(seed, 260, { maxRecordLength: 3_000, clocks: seed % 4 === 3 })))
      total[name] = (total[name] ?? 0) + n;
  // What was withdrawn from a record that had lost it counted on, and answers said nothing of it.
  await simulateAdoption(3_200_130, 260, { maxRecordLength: 3_000 });
  // A record that was too long by what it keeps however old it is: it said so for ever.
  await simulateAdoption(3_300_181, 260, { maxRecordLength: 3_000, clocks: true, givesMessages: false });
  for (const [name, least] of Object.entries({ complete: 5, keys: 50, floors: 1 }))
    expect((total[name] ?? 0) / SEEDS, name).toBeGreaterThan(least);
});

test('laws 1 and 7: links that push others out of their day move nothing that the records of their keys had lost', async () => {
  let held = 0;
  // Each of these counted an event for two keys, or for none.
  for (const seed of [8, 27, 40, 46, 80])
    held += (await simulateAdoption(seed, 260, { maxRecordLength: 3_000, linksOfDay: 2 })).held;
  // What a key lost by its age was taken back, and its rows stayed, without a word.
  await simulateAdoption(8_200_021, 260, { maxRecordLength: 3_000, linksOfDay: 2, clocks: true });
  expect(held).toBeGreaterThan(3);
});

test('law 7: an answer that never calls itself incomplete would be wrong while a message is on its way', async () => {
  const all = async () => {
    for (let seed = 0; seed < 20; seed++) await simulateAdoption(seed, 260, { neverIncomplete: true });
  };
  await expect(all()).rejects.toThrow(/complete at/);
});
