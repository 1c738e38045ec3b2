/** Schedules of the batch layer: when runs begin by themselves. */
import { LONGEST_SCHEDULE_MS, SHORTEST_SCHEDULE_MS } from '@tributary/model/schedule-bounds';
import { z } from 'zod';
import { NOON } from '../shapes/answer-fields.ts';
import type { Routes } from '../shapes/route.ts';

const Promote = z.union([z.enum(['auto', 'ask']), z.strictObject({ below: z.number().gt(0).lt(1) })]);
const Mode = z.enum(['incremental', 'full']);
const CatchUp = z.enum(['once', 'skip']);

export const Schedule = z
  .object({
    name: z.string(),
    everyMs: z.int().nullable().describe('Time between two runs; null: by `cron`.'),
    cron: z.string().nullable().describe('Minute, hour, day of the month, month, day of the week; null: by `everyMs`.'),
    timeZone: z.string().describe('The time zone of `cron`.'),
    mode: Mode,
    promote: z.union([z.enum(['auto', 'ask']), z.object({ below: z.number() })]),
    catchUp: CatchUp,
    paused: z.boolean(),
    by: z.string().describe('Who set it last; `TRIBUTARY_BATCH_EVERY_MS`: the setting of the recompute role.'),
    at: z.int().describe('When, epoch ms.'),
    next: z.array(z.int()).describe('The next three instants at which a run is due, epoch ms; empty while it is paused.'),
    lastDoneAt: z.int().nullable().describe('When a run of it last ended well, epoch ms; null: not yet.'),
  })
  .meta({ id: 'Schedule' });

const SCHEDULE = {
  name: 'nightly',
  everyMs: null,
  cron: '30 3 * * *',
  timeZone: 'Europe/Berlin',
  mode: 'full',
  promote: 'auto',
  catchUp: 'once',
  paused: false,
  by: 'key ta_42d002fb160d',
  at: NOON,
  next: [NOON + 52_200_000, NOON + 138_600_000, NOON + 225_000_000],
  lastDoneAt: null,
};

const params = z.strictObject({ name: z.string().min(1).max(32).describe('Its name: a-z, 0-9 and "-".') });
const answer = z.object({ schedule: Schedule });
const ACT = { tag: 'generations', scope: 'admin', params, refusals: [404, 409] } as const;

export const SCHEDULE_ROUTES = {
  schedules: {
    method: 'GET',
    path: '/v1/schedules',
    tag: 'generations',
    summary: 'When runs begin by themselves, and when next',
    scope: 'read',
    answer: z.object({ schedules: z.array(Schedule).describe('By name.') }),
    example: { asked: {}, answer: { schedules: [SCHEDULE] } },
  },
  setSchedule: {
    ...ACT,
    method: 'POST',
    path: '/v1/schedules/{name}',
    summary: 'Set a schedule, whatever it was before',
    description:
      'In force at once, without a restart. At most 16. `default` is the one that TRIBUTARY_BATCH_EVERY_MS makes, until it is set here.',
    body: z.strictObject({
      everyMs: z
        .int()
        .min(SHORTEST_SCHEDULE_MS)
        .max(LONGEST_SCHEDULE_MS)
        .optional()
        .describe('Time between two runs, ms; or `cron`.'),
      cron: z
        .string()
        .min(1)
        .max(100)
        .optional()
        .describe('Minute, hour, day of the month, month, day of the week: `30 3 * * 1`.'),
      timeZone: z.string().min(1).max(64).default('UTC').describe('The time zone of `cron`, an IANA name.'),
      mode: Mode.default('incremental').describe('What its runs compute: what changed, or everything.'),
      promote: Promote.default('auto').describe('When readers get it, as `promote` of POST /v1/generations.'),
      catchUp: CatchUp.default('once').describe(
        'After a time without a worker: once, one run at once for all that were missed; skip: a run that cannot begin within ten minutes of its time is left out.',
      ),
    }),
    answer,
    example: {
      asked: { name: 'nightly', cron: '30 3 * * *', timeZone: 'Europe/Berlin', mode: 'full' },
      answer: { schedule: SCHEDULE },
    },
  },
  pauseSchedule: {
    ...ACT,
    method: 'POST',
    path: '/v1/schedules/{name}/pause',
    summary: 'Let a schedule begin no run until it is resumed',
    description: 'Kept over restarts. The run under way goes on.',
    body: z.strictObject({}),
    answer,
    example: { asked: { name: 'nightly' }, answer: { schedule: { ...SCHEDULE, paused: true, next: [] } } },
  },
  resumeSchedule: {
    ...ACT,
    method: 'POST',
    path: '/v1/schedules/{name}/resume',
    summary: 'Let a paused schedule begin runs again',
    body: z.strictObject({}),
    answer,
    example: { asked: { name: 'nightly' }, answer: { schedule: SCHEDULE } },
  },
  removeSchedule: {
    ...ACT,
    method: 'DELETE',
    path: '/v1/schedules/{name}',
    summary: 'Remove a schedule',
    description: '`default` is paused instead: the setting would bring it back.',
    answer: z.object({ removed: z.string() }),
    example: { asked: { name: 'nightly' }, answer: { removed: 'nightly' } },
  },
} as const satisfies Routes;
