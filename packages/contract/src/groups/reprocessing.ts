/** What a run of the batch layer would do, before it is asked for. */
import { VIEWS, type ViewName } from '@tributary/views/registry';
import { z } from 'zod';
import { BodyInstant, UserId } from '../shapes/parameters.ts';
import type { Routes } from '../shapes/route.ts';

const Mode = z.enum(['incremental', 'full']);

const amount = (of: string) =>
  z.object({
    files: z.int().describe(`Files of ${of}.`),
    rows: z.int().describe(`Rows in them.`),
    bytes: z.int().describe('Bytes of Parquet.'),
  });

const Archived = z.object({
  ...amount('archived events').shape,
  partitions: z.int().describe('Partitions of the log.'),
  segments: z.int().describe('Manifests of segments, or of blocks of them.'),
});

const FullReason = z.enum(['asked', 'nothing_computed', 'fields_missing', 'counted_once_changed', 'erased_since']);
const UnknownFact = z.enum([
  'not_archived_yet',
  'definitions_file',
  'program',
  'too_few_runs',
  'rows_again',
  'corrections_changed',
  'definitions_changed',
  'erasures',
  'rows_of_users',
]);

const Name = z.enum(VIEWS.map(({ name }) => name) as [ViewName, ...ViewName[]]);

const Within = z.object({
  partitions: z.int().describe('Partitions in which events of these users are.'),
  views: z
    .array(
      z.object({
        view: Name,
        because: z
          .array(z.enum(['not_computed', 'full', 'definitions', 'corrections', 'new_events']))
          .describe(
            'Why its rows of these days and users may be others after the run: the published generation lacks the view; all of the archive is computed; other definitions make other rows; events of days in which corrections changed lie where these rows look; archived events that the run reads do. Empty: they stay as they are, apart from what `unknown` names.',
          ),
        rows: z
          .int()
          .describe('Archived events that the run reads where these rows look, at most: files have a day and a partition.'),
        reread: z.int().describe('How many more it reads again there, at most, as corrections changed.'),
      }),
    )
    .describe('The views that were asked about, or all. A row looks at the events within the windows of its view.'),
});

export const RunPlan = z
  .object({
    mode: Mode.describe('What the run will be: `full` also where an incremental one cannot build on the published generation.'),
    base: z.int().nullable().describe('The generation that it builds on; null: it computes all of the archive.'),
    fullBecause: FullReason.nullable().describe(
      'Why it is a full one: it was asked for; no generation is published whose files are there; the events of the published one lack a field that this version, or these definitions, keep; definitions count conversions once by a key that its events were not read for.',
    ),
    definitionsVersion: z.string().describe('The version of the definitions that it would have.'),
    definitionsChange: z
      .boolean()
      .describe(
        'They are others than those of the published generation: all rows of views are computed again, also upon a base.',
      ),
    archive: Archived.describe('Archived events that it reads: those after the cut of its base, duplicates included.'),
    notArchived: z
      .object({
        partitions: z.int().describe('Partitions whose log goes on behind their archive.'),
        oldestMs: z.number().describe('How long the oldest of these entries has waited, ms; 0: none waits.'),
      })
      .nullable()
      .describe('Entries of the log that are in no file yet, and that the run reads as well. null: the log did not say.'),
    reread: amount('archived events')
      .nullable()
      .describe(
        'What it reads again of the archive that its base covers: the days in which corrections came, went or changed. null: they are the same.',
      ),
    mayBeFull: z
      .boolean()
      .describe(
        'The run first asks some partitions how many touches and conversions lie near events that corrections change, and computes all of the archive where that is cheaper.',
      ),
    retiredBefore: z
      .int()
      .nullable()
      .describe(
        'Events before this instant (epoch ms) were retired from the archive: what a run computes from the archive alone is not whole before it. null: none were.',
      ),
    rowsAgain: z
      .boolean()
      .describe(
        'A full run was asked for and events were retired: all rows are computed again from the events that the base keeps, and none is lost.',
      ),
    kept: amount('the base').describe('What its base keeps, of which it reads what the archived events touch.'),
    days: z
      .array(
        z.object({
          date: z.string().describe('A day, in UTC; a month where its days have few events, a month or a year of long ago.'),
          rows: z.int(),
        }),
      )
      .describe('The archived events by the day on which they happened, newest first, at most 40.'),
    olderRows: z.int().describe('Archived events of all older days together.'),
    estimate: z
      .object({
        seconds: z.number().describe('From the cut until its views are computed and read back.'),
        medianError: z.number().describe('Half of the earlier runs were off by more than this part of the same estimate.'),
        runs: z.int().describe('The earlier runs of this mode that it is from.'),
      })
      .nullable()
      .describe(
        'null: fewer than three runs of this mode are known, or all rows are computed again, or corrections or definitions changed, of which earlier runs say nothing.',
      ),
    within: Within.nullable().describe('What of it concerns `within` of the request; null: nothing was asked about.'),
    unknown: z
      .array(UnknownFact)
      .describe(
        'What the plan cannot know. `not_archived_yet`: how many events are in the log alone, which are read as well (`notArchived`). `definitions_file`: whether the file of definitions was edited since. `program`: whether another version will compute it, which computes all rows again. `too_few_runs`, `rows_again`, `corrections_changed`, `definitions_changed`: how long it takes. `erasures`: which rows lose a user who was erased since (`within`). `rows_of_users`: which events of their partitions are of these users.',
      ),
  })
  .meta({ id: 'RunPlan' });

const PLAN = {
  mode: 'incremental',
  base: 7,
  fullBecause: null,
  definitionsVersion: '9f3c52c1a0be',
  definitionsChange: false,
  archive: { files: 18, rows: 1_240, bytes: 96_512, partitions: 16, segments: 16 },
  notArchived: { partitions: 3, oldestMs: 41_000 },
  reread: null,
  mayBeFull: false,
  retiredBefore: null,
  rowsAgain: false,
  kept: { files: 16, rows: 48_300, bytes: 1_204_224 },
  days: [
    { date: '2026-11-20', rows: 1_236 },
    { date: '2026-11-18', rows: 4 },
  ],
  olderRows: 0,
  estimate: { seconds: 1.9, medianError: 0.08, runs: 30 },
  within: { partitions: 1, views: [{ view: 'paths', because: ['new_events'], rows: 71, reread: 0 }] },
  unknown: ['not_archived_yet', 'definitions_file', 'program', 'erasures', 'rows_of_users'],
};

export const REPROCESSING_ROUTES = {
  planReprocessing: {
    method: 'POST',
    path: '/v1/reprocessing',
    tag: 'generations',
    summary: 'What a run would read and how long it would take',
    description: 'Nothing is computed and nothing changes. The run itself is asked for at /v1/generations.',
    scope: 'admin',
    body: z.strictObject({
      dryRun: z.literal(true).describe('Always true: a run is asked for at POST /v1/generations.'),
      mode: Mode.default('incremental').describe('What would be asked for.'),
      definitions: z
        .record(z.string(), z.unknown())
        .optional()
        .describe('New definitions that the run would bring; those in force without.'),
      within: z
        .strictObject({
          from: BodyInstant.optional().describe('Rows of the day of this instant and later ones.'),
          to: BodyInstant.optional().describe('Rows of days that begin before this instant.'),
          users: z.array(UserId).min(1).max(100).optional().describe('Rows to which these users add.'),
          views: z.array(Name).min(1).max(VIEWS.length).optional().describe('Rows of these views.'),
        })
        .optional()
        .describe(
          'Days, users and views to say of whether, and why, the run may change their rows. The run itself has no range.',
        ),
    }),
    answer: z.object({ plan: RunPlan }),
    example: {
      asked: { dryRun: true, mode: 'incremental', within: { users: ['ada'], views: ['paths'] } },
      answer: { plan: PLAN },
    },
  },
} as const satisfies Routes;
