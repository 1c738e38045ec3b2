/**
 * `npm run bench [-- section …] [--events N] [--users N] [--seconds N] [--repetitions N] [--world NAME] [--resume FILE] [--dbsp] [--keep FOLDER] [--json FILE]`: measures, prints a table and JSON. Exit 0 whether goals are
 * met or not: a figure is information, a failed measurement is exit 1. Compare ratios, not single times.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchBatch } from './batch.ts';
import { benchConsoles } from './consoles.ts';
import { benchCoverage } from './coverage.ts';
import { benchEndToEnd } from './end-to-end.ts';
import { benchErasure } from './erasure.ts';
import { benchIntervals } from './intervals.ts';
import { benchKafka } from './kafka.ts';
import { benchLinks } from './links.ts';
import { benchModels } from './models.ts';
import { benchPeers } from './peers.ts';
import { benchPlan } from './plan.ts';
import { benchReads } from './reads.ts';
import { benchRecovery } from './recovery.ts';
import { type Figure, met, table } from './report.ts';
import { benchSegments } from './segments.ts';
import { benchServed } from './served.ts';
import { benchSignals } from './signals.ts';
import { benchSpeed } from './speed.ts';
import { benchSteady } from './steady.ts';
import { benchWeb } from './web.ts';

// As `npm start` and the images have it: processes of the batch layer start with what Node compiled before.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../../.tributary/compile-cache', import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    events: { type: 'string' },
    users: { type: 'string' },
    seconds: { type: 'string' },
    repetitions: { type: 'string' },
    world: { type: 'string' },
    resume: { type: 'string' },
    dbsp: { type: 'boolean', default: false },
    keep: { type: 'string' },
    json: { type: 'string' },
  },
});

const SECTIONS: Record<string, () => Promise<Figure[]>> = {
  speed: () => benchSpeed({ events: Number(values.events ?? 1_000_000), users: Number(values.users ?? 100_000), seed: 1 }),
  segments: () => benchSegments({ events: Number(values.events ?? 300_000), users: Number(values.users ?? 30_000), seed: 1 }),
  web: () => benchWeb({ events: Number(values.events ?? 120_000), users: Number(values.users ?? 10_000), seed: 1 }),
  links: () =>
    benchLinks(
      { events: Number(values.events ?? 60_000), users: Number(values.users ?? 6_000), seed: 1 },
      5_000,
      Number(values.seconds ?? 60),
    ),
  steady: () => benchSteady(5_000, Number(values.seconds ?? 20)),
  consoles: () => benchConsoles(5_000, Number(values.seconds ?? 60)),
  'end-to-end': () => benchEndToEnd(5_000, Number(values.seconds ?? 60)),
  batch: () => benchBatch(Number(values.events ?? 10_000_000), Number(values.users ?? 100_000), values.keep),
  plan: () => benchPlan(Number(values.events ?? 1_000_000), Number(values.users ?? 50_000)),
  erasure: () => benchErasure(Number(values.events ?? 10_000_000), Number(values.users ?? 100_000)),
  recovery: () => benchRecovery(Number(values.events ?? 1_600_000), Number(values.users ?? 100_000)),
  reads: () => benchReads(Number(values.seconds ?? 15)),
  served: () => benchServed(Number(values.events ?? 10_000)),
  signals: () => benchSignals(Number(values.seconds ?? 15)),
  kafka: () =>
    benchKafka(
      { events: Number(values.events ?? 1_000_000), users: Number(values.users ?? 100_000), seed: 1 },
      Number(values.seconds ?? 40),
    ),
  models: () => benchModels(Number(values.seconds ?? 60)),
  intervals: async () => benchIntervals(),
  // Builds in other languages: by name only.
  peers: () =>
    benchPeers({ events: Number(values.events ?? 1_000_000), users: Number(values.users ?? 100_000), seed: 1 }, values.dbsp),
  // Half an hour of one processor, and no figure of the machine: by name only.
  coverage: () =>
    benchCoverage(
      {
        repetitions: Number(values.repetitions ?? 200),
        world: values.world,
        users: values.users === undefined ? undefined : Number(values.users),
        resume: values.resume,
      },
      (text) => process.stdout.write(text),
    ),
};

const wanted =
  positionals.length > 0 ? positionals : Object.keys(SECTIONS).filter((section) => !['peers', 'coverage'].includes(section));
const figures: Figure[] = [];
for (const section of wanted) {
  const run = SECTIONS[section];
  if (run === undefined) {
    process.stderr.write(`unknown section ${JSON.stringify(section)}; there are: ${Object.keys(SECTIONS).join(', ')}\n`);
    process.exit(2);
  }
  process.stderr.write(`measuring ${section} …\n`);
  figures.push(...(await run()));
}
process.stdout.write(`${table(figures)}\n`);
const json = JSON.stringify({ node: process.version, figures: figures.map((f) => ({ ...f, met: met(f) })) }, null, 2);
if (values.json === undefined) process.stdout.write(`${json}\n`);
else writeFileSync(values.json, `${json}\n`);
