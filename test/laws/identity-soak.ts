/** `node test/laws/identity-soak.ts SEEDS [FROM]`: the simulation of identity over more seeds than `npm test` runs. */
import { runSeeds } from './identity-simulation.ts';

const [seeds = 10_000, from = 0] = process.argv.slice(2).map(Number);
const total = runSeeds(from, from + seeds);
process.stdout.write(`${seeds} seeds from ${from}: ${JSON.stringify(total)}\n`);
