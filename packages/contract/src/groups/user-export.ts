/** All that is stored of one user, for those who have a right to know it. */
import { z } from 'zod';
import { NOON } from '../shapes/answer-fields.ts';
import { UserId } from '../shapes/parameters.ts';
import type { Routes } from '../shapes/route.ts';

/** The name of a place: `SUBJECT_PLACES` of the runtime has all of them. */
const Place = z.string();

export const ExportLine = z
  .looseObject({
    export: z
      .object({
        userId: z.string(),
        at: z.string(),
        places: z.record(z.string(), z.object({ access: z.enum(['exported', 'copies', 'unread']), holds: z.string() })),
      })
      .optional()
      .describe('The first line: whose export, and every place where something of a user may be stored.'),
    place: Place.optional().describe('Where what the line holds is stored.'),
    from: z.record(z.string(), z.unknown()).optional().describe('Which file and row, log position, or key in Redis.'),
    withheld: z
      .string()
      .optional()
      .describe('What is there names this user, and is not theirs, or not certainly: it is not shown.'),
    unread: z.string().optional().describe('Why what is there could not be read.'),
    reading: z.literal(true).optional().describe('A line now and then while nothing is found: the connection is alive.'),
    end: z
      .object({
        complete: z.boolean(),
        lines: z.record(z.string(), z.int()),
        holes: z.array(z.object({ place: Place.nullable(), why: z.string() })),
      })
      .optional()
      .describe('The last line. An export that breaks off has none.'),
  })
  .meta({ id: 'ExportLine' });

const EVENT = { ts: NOON, type: 'purchase', id: 'order-1', userId: 'ada', receivedAt: NOON + 20, source: 'shop', value: 9_900 };

export const USER_EXPORT_ROUTES = {
  exportUser: {
    method: 'GET',
    path: '/v1/users/{id}/export',
    tag: 'users',
    summary: 'All that is stored of a user, with where it is stored',
    description:
      'Lines of JSON (NDJSON), sent while they are read. One export of a key runs at a time. The last line says whether everything was read: `end.complete`. What is of another user and names this one is listed without its content.',
    scope: 'admin',
    params: z.strictObject({ id: UserId }),
    answersAs: 'application/x-ndjson',
    answer: ExportLine,
    example: {
      asked: { id: 'ada' },
      answer: { place: 'archive', from: { file: 'archive/events/date=2026-11-20/p03-000000-1.parquet', row: 7 }, event: EVENT },
    },
  },
} as const satisfies Routes;
