/** A user's journeys: what led to their conversions, and the one they are in now. */
import { type Conversion, type Touch, USER_ROUTES } from '@tributary/contract/users';
import { partitionOf } from '@tributary/model/user-key';
import { completenessOf, exampleOf, gapsAmong, gapsOf } from '@tributary/serving/gaps';
import { recordReachMs } from '@tributary/serving/users/record-reach';
import { cutOfRecord, eventsOfRecord, journeysOf, lostUpTo, tailOf, timelineOf } from '@tributary/serving/users/user-timeline';
import { campaignOf, type TimelineEvent } from '@tributary/views/timeline';
import { NEVER_CUT } from '@tributary/views/user-state';
import type { z } from 'zod';
import type { Routes } from '../context.ts';
import { serve } from '../http/serve.ts';
import { cutOfPartition } from '../http/signals-body.ts';

/** Journeys in one answer, the newest. */
const MAX_JOURNEYS = 1_000;
/** To parse a record holds everybody up: some 16 000 events are looked at, those that came last. */
const MAX_RECORD_BYTES = 2 * 1024 * 1024;

export const routes: Routes =
  ({ deps, board, records }) =>
  (app, _options, done) => {
    serve(app, USER_ROUTES.userJourney, async (request) => {
      const { id: userId } = request.params;
      const partition = partitionOf(userId, deps.partitions);
      const definitions = board.definitions(partition);
      const [isPresent, events, cutOfOne, isCut] = await records.read(
        request.owner,
        [{ partition, userKey: userId }],
        ([record = null]) => {
          const newest = record === null ? null : tailOf(record, MAX_RECORD_BYTES);
          return [record !== null, eventsOfRecord(newest), cutOfRecord(record), record?.length !== newest?.length] as const;
        },
      );
      const logTimeMs = board.states()[partition]?.logTimeMs ?? deps.now();
      // Journeys go as far back as records do.
      const promisedMs = recordReachMs(definitions);
      const cutTs = Math.max(cutOfOne, cutOfPartition(board.states()[partition], definitions, promisedMs));
      const journeys = journeysOf(timelineOf(events, definitions), definitions, logTimeMs);
      const { lagMs, watermark, missing, notes } = board.health();
      const bounded = [
        ...(isCut ? [`only the ${MAX_RECORD_BYTES} bytes that came last of the user's record were read`] : []),
        ...(journeys.length > MAX_JOURNEYS ? [`the oldest ${journeys.length - MAX_JOURNEYS} journeys are left out`] : []),
      ];
      const own = new Set([partition]);
      const holes = [
        ...gapsAmong(missing, own),
        ...gapsOf('record_cut', cutTs === NEVER_CUT ? [] : [lostUpTo(cutTs, 'touches and conversions')]),
        ...gapsOf('bound_reached', bounded),
      ];
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
          ...completenessOf(holes, exampleOf(gapsAmong(notes, own))),
          definitions: definitions.version,
        },
      };
    });
    done();
  };

export function touchOf(touch: TimelineEvent): z.infer<typeof Touch> {
  const { id, ts, type, channel, costMinor, currency } = touch;
  return { id, ts, type, channel, campaign: campaignOf(touch), costMinor, currency };
}

export function conversionOf({ id, ts, type, valueMinor, currency }: TimelineEvent): z.infer<typeof Conversion> {
  return { id, ts, type, valueMinor, currency };
}
