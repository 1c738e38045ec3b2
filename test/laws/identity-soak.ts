/** `node test/laws/identity-soak.ts SEEDS [FROM] [engines]`: the simulation of identity over more seeds than `npm test` runs; `engines`: with the real speed worker. */
import { simulateAdoption } from './adoption-world.ts';
import { runSeeds } from './identity-simulation.ts';

const [, , count = '10000', first = '0', engines] = process.argv;
const [seeds, from] = [Number(count), Number(first)];

async function runEngines(): Promise<Record<string, number>> {
  const total: Record<string, number> = {};
  for (let seed = from; seed < from + seeds; seed++)
    for (const [name, n] of Object.entries(await simulateAdoption(seed))) total[name] = (total[name] ?? 0) + n;
  return total;
}

const total = engines === 'engines' ? await runEngines() : runSeeds(from, from + seeds);
process.stdout.write(`${seeds} seeds from ${from}: ${JSON.stringify(total)}\n`);
