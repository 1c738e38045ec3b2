/** A user's journeys: what led to their conversions, and the one they are in now. */
import { partitionOf } from '@tributary/model/user-key';
import { campaignOf, type TimelineEvent } from '@tributary/views/timeline';
import { NEVER_CUT } from '@tributary/views/user-state';
import { z } from 'zod';
import type { Routes } from '../context.ts';
import { PROBLEMS, UserId } from '../http/schemas.ts';
import { cutOfRecord, eventsOfRecord, journeysOf, lostUpTo, tailOf, timelineOf } from '../users/user-timeline.ts';

/** Journeys in one answer, the newest. */
const MAX_JOURNEYS = 1_000;
/** To parse a record holds everybody up: some 16 000 events are looked at, those that came last. */
const MAX_RECORD_BYTES = 2 * 1024 * 1024;

export const Touch = z.object({
  id: z.string(),
  ts: z.int(),
  type: z.string(),
  channel: z.string(),
  campaign: z.string(),
  costMinor: z.int(),
  currency: z.string(),
});
export const Conversion = z.object({ id: z.string(), ts: z.int(), type: z.string(), valueMinor: z.int(), currency: z.string() });

export const JourneyAnswer = z.object({
  userId: z.string(),
  status: z.enum(['PRESENT', 'NOT_FOUND']),
  journeys: z
    .array(
      z.object({
        status: z.enum(['converted', 'null', 'open']).describe('open: its last touch can still earn credit.'),
        from: z.int().describe('First event, epoch ms.'),
        to: z.int().describe('Last event, epoch ms.'),
        touches: z.array(Touch),
        conversion: Conversion.nullable(),
      }),
    )
    .describe('Oldest first; the newest 1 000.'),
  meta: z.object({
    view: z.literal('speed'),
    speed: z.object({ lagMs: z.int().nullable(), watermark: z.int().nullable() }),
    complete: z.boolean(),
    warnings: z.array(z.string()),
    definitions: z.string(),
  }),
});

export const userRoutes: Routes =
  ({ deps, board, records }) =>
  (app, _options, done) => {
    app.get(
      '/v1/users/:id/journey',
      {
        schema: {
          tags: ['users'],
          summary: 'Touches and conversions of a user, split into journeys',
          description: 'Reaches back as far as the speed layer keeps their record.',
          params: z.strictObject({ id: UserId }),
          querystring: z.strictObject({}),
          response: { 200: JourneyAnswer, ...PROBLEMS },
        },
      },
      async (request) => {
        const { id: userId } = request.params;
        const partition = partitionOf(userId, deps.partitions);
        const definitions = board.definitions(partition);
        const [isPresent, events, cutTs, isCut] = await records.read(
          request.owner,
          [{ partition, userKey: userId }],
          ([record = null]) => {
            const newest = record === null ? null : tailOf(record, MAX_RECORD_BYTES);
            return [record !== null, eventsOfRecord(newest), cutOfRecord(record), record?.length !== newest?.length] as const;
          },
        );
        const logTimeMs = board.states()[partition]?.logTimeMs ?? deps.now();
        const journeys = journeysOf(timelineOf(events, definitions), definitions, logTimeMs);
        const { lagMs, watermark, missing, notes } = board.health();
        const holes = [
          ...missing,
          ...(cutTs === NEVER_CUT ? [] : [lostUpTo(cutTs, 'touches and conversions')]),
          ...(isCut ? [`only the ${MAX_RECORD_BYTES} bytes that came last of the user's record were read`] : []),
        ];
        const warnings = [...holes, ...notes];
        if (journeys.length > MAX_JOURNEYS) warnings.push(`the oldest ${journeys.length - MAX_JOURNEYS} journeys are left out`);
        return {
          userId,
          status: isPresent ? ('PRESENT' as const) : ('NOT_FOUND' as const),
          journeys: journeys.slice(-MAX_JOURNEYS).map(({ status, touches, conversion }) => ({
            status,
            from: (touches[0] ?? conversion)?.ts ?? 0,
            to: (conversion ?? touches.at(-1))?.ts ?? 0,
            touches: touches.map(touchOf),
            conversion: conversion === null ? null : conversionOf(conversion),
          })),
          meta: {
            view: 'speed' as const,
            speed: { lagMs, watermark },
            complete: holes.length === 0 && journeys.length <= MAX_JOURNEYS,
            warnings,
            definitions: definitions.version,
          },
        };
      },
    );
    done();
  };

export function touchOf(touch: TimelineEvent): z.infer<typeof Touch> {
  const { id, ts, type, channel, costMinor, currency } = touch;
  return { id, ts, type, channel, campaign: campaignOf(touch), costMinor, currency };
}

export function conversionOf({ id, ts, type, valueMinor, currency }: TimelineEvent): z.infer<typeof Conversion> {
  return { id, ts, type, valueMinor, currency };
}
