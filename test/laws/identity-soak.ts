/** `node test/laws/identity-soak.ts SEEDS [FROM] [engines|floors|clocks]`: the simulation of identity over more seeds than `npm test` runs; `engines`: with the real speed worker; `floors`: with records that lose events as well; `clocks`: also by their age, with clocks that are weeks behind. */
import { simulateAdoption } from './adoption-world.ts';
import { runSeeds } from './identity-simulation.ts';

const [, , count = '10000', first = '0', engines] = process.argv;
const [seeds, from] = [Number(count), Number(first)];

const loses = engines === 'floors' || engines === 'clocks';
const wrongs = loses ? { maxRecordLength: 3_000, clocks: engines === 'clocks' } : {};

async function runEngines(): Promise<Record<string, number>> {
  const total: Record<string, number> = {};
  for (let seed = from; seed < from + seeds; seed++)
    for (const [name, n] of Object.entries(await simulateAdoption(seed, 260, wrongs))) total[name] = (total[name] ?? 0) + n;
  return total;
}

const total = engines === 'engines' || loses ? await runEngines() : runSeeds(from, from + seeds);
process.stdout.write(`${seeds} seeds from ${from}: ${JSON.stringify(total)}\n`);
