/** `node test/laws/identity-soak.ts SEEDS [FROM] [engines|floors]`: the simulation of identity over more seeds than `npm test` runs; `engines`: with the real speed worker; `floors`: with records that lose events as well. */
import { simulateAdoption } from './adoption-world.ts';
import { runSeeds } from './identity-simulation.ts';

const [, , count = '10000', first = '0', engines] = process.argv;
const [seeds, from] = [Number(count), Number(first)];

const wrongs = engines === 'floors' ? { maxRecordLength: 3_000 } : {};

async function runEngines(): Promise<Record<string, number>> {
  const total: Record<string, number> = {};
  for (let seed = from; seed < from + seeds; seed++)
    for (const [name, n] of Object.entries(await simulateAdoption(seed, 260, wrongs))) total[name] = (total[name] ?? 0) + n;
  return total;
}

const total = engines === 'engines' || engines === 'floors' ? await runEngines() : runSeeds(from, from + seeds);
process.stdout.write(`${seeds} seeds from ${from}: ${JSON.stringify(total)}\n`);
