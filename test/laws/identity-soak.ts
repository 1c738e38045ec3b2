/** `node test/laws/identity-soak.ts SEEDS [FROM] [losses|engines|floors|clocks|pushed]`: the simulation of identity over more seeds than `npm test` runs; `losses`: of keys that lose events; `engines`: with the real speed worker; `floors`: with records that lose events as well; `clocks`: also by their age, with clocks that are weeks behind; `pushed`: `floors`, of links that push others out of their day. */
import { simulateAdoption } from './adoption-world.ts';
import { runSeeds } from './identity-simulation.ts';

const [, , count = '10000', first = '0', engines] = process.argv;
const [seeds, from] = [Number(count), Number(first)];

const isPushed = engines === 'pushed';
const loses = engines === 'floors' || engines === 'clocks' || isPushed;
const wrongs = loses ? { maxRecordLength: 3_000, clocks: engines === 'clocks', ...(isPushed && { linksOfDay: 2 }) } : {};

async function runEngines(): Promise<Record<string, number>> {
  const total: Record<string, number> = {};
  for (let seed = from; seed < from + seeds; seed++)
    for (const [name, n] of Object.entries(await simulateAdoption(seed, 260, wrongs))) total[name] = (total[name] ?? 0) + n;
  return total;
}

const total = engines === 'engines' || loses ? await runEngines() : runSeeds(from, from + seeds, { loses: engines === 'losses' });
process.stdout.write(`${seeds} seeds from ${from}: ${JSON.stringify(total)}\n`);
