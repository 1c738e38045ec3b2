/** Every command of the documents runs as it stands, on one started platform, and prints what is shown behind it. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Platform, startPlatform } from '@tributary/local/launch';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blocksOf, examplesOf } from './blocks.ts';
import { jsonDifference, textDifference } from './shown.ts';
import { openTerminal } from './terminal.ts';

/** How a block begins that no started platform can run, and why. */
const ELSEWHERE: readonly (readonly [file: string, begins: string, why: string])[] = [
  ['README.md', 'npm start', 'starts a platform'],
  ['README.md', 'npm test', 'runs the tests'],
  ['README.md', 'export TRIBUTARY_KAFKA_BROKERS', 'needs Kafka'],
  ['docs/analysts.md', 'npm start', 'starts a platform'],
  ['docs/ingestion.md', "echo 'anna:", 'needs Kafka'],
  ['docs/ingestion.md', 'TRIBUTARY_MINIMISE=', 'settings of a collector'],
  ['docs/outputs.md', 'TRIBUTARY_OUTPUTS=', 'starts a platform'],
];
/** Exit code 1 is the answer of these: it says that there are differences, or something to look at. */
const FINDS = ['tributary reconcile show'];
/** And of these: what they say is what the document shows. */
const REFUSES = ['tributary definitions validate wrong.yaml'];
/** In an order in which what a later one asks for is there. */
const DOCUMENTS = [
  'README.md',
  ...[
    'ingestion',
    'importing',
    'api',
    'cli',
    'attribution-files',
    'outputs',
    'analysts',
    'signals',
    'interventions',
    'tracker',
    // Keys that were joined stay so.
    'identity',
  ].map((name) => `docs/${name}.md`),
];

let platform: Platform;

beforeAll(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tributary-docs-'));
  platform = await startPlatform({ dataDir, env: { TRIBUTARY_BATCH_EVERY_MS: '0', TRIBUTARY_OUTPUTS: 'all' } });
  // As `npm start` leaves it.
  expect((await openTerminal(platform)('tributary batch run --wait')).screen).toContain('is published');
});
afterAll(() => platform?.stop());

test.each(DOCUMENTS)('%s', async (file) => {
  const terminal = openTerminal(platform);
  const blocks = blocksOf(readFileSync(join(import.meta.dirname, '../..', file), 'utf8'));
  const elsewhere = ELSEWHERE.filter(([where]) => where === file).map(([, begins]) => begins);
  const here = blocks.filter(({ text }) => !elsewhere.some((begins) => text.startsWith(begins)));
  expect(blocks.length - here.length, 'blocks that run elsewhere').toBe(elsewhere.length);
  const problems: string[] = [];
  for (const { line, command, shown } of examplesOf(here)) {
    const { code, stdout, screen } = await terminal(command);
    const isProblem = stdout.includes('urn:tributary:error') && !shown?.text.includes('urn:tributary:error');
    const typed = command.replace('npx ', '');
    const expected = REFUSES.includes(typed) || (FINDS.includes(typed) && screen.includes('something else')) ? 1 : 0;
    const difference =
      code !== expected || isProblem
        ? `exit ${code}: ${screen}`
        : shown?.language === 'json'
          ? jsonDifference(shown.text, stdout)
          : shown && textDifference(shown.text, screen);
    if (difference) problems.push(`${file}:${line}: ${command}\n${difference}`);
  }
  // As a message: what a comparison of long texts says is cut short in reports.
  expect(problems, problems.join('\n\n')).toEqual([]);
});
