/** A user's journeys: what led to their conversions, and the one they are in now. */
import { type Conversion, type Touch, USER_ROUTES } from '@tributary/contract/groups/users';
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { partitionOf } from '@tributary/model/user-key';
import { completenessOf, exampleOf, gapsAmong, gapsOf } from '@tributary/serving/gaps';
import type { AnsweringKey } from '@tributary/serving/users/find-conversion';
import { cutsOfKeys } from '@tributary/serving/users/lost-cut';
import { recordReachMs } from '@tributary/serving/users/record-reach';
import { cutOfRecord, eventsOfRecord, journeysOf, lostUpTo, tailOf, timelineOf } from '@tributary/serving/users/user-timeline';
import { keysOfUser, linksOfKey } from '@tributary/views/identity/keys-of';
import { campaignOf, type TimelineEvent } from '@tributary/views/timeline';
import { NEVER_CUT } from '@tributary/views/user-state';
import type { z } from 'zod';
import type { Routes } from '../context.ts';
import { serve } from '../http/serve.ts';

/** Journeys in one answer, the newest. */
const MAX_JOURNEYS = 1_000;
/** To parse a record holds everybody up: some 16 000 events are looked at, those that came last. */
const MAX_RECORD_BYTES = 2 * 1024 * 1024;

/** Journeys go as far back as records do. */
const journeysPromisedMs = recordReachMs;

/** Links, and keys, in one answer. */
const MAX_KEYS = 1_000;

export const routes: Routes =
  ({ deps, board, records }) =>
  (app, _options, done) => {
    serve(app, USER_ROUTES.userJourney, async (request) => {
      const { id: userId } = request.params;
      const asked = { partition: partitionOf(userId, deps.partitions), userKey: userId };
      const [{ partition, partitions, inFlight = [] }, isPresent, events, cutTs, isCut] = await records.read(
        request.owner,
        [asked],
        ([record = null], [key], kept): [AnsweringKey, boolean, Event[], number, boolean] => {
          const newest = record === null ? null : tailOf(record, MAX_RECORD_BYTES);
          const answering = key as AnsweringKey;
          const cut = Math.max(cutOfRecord(record), cutsOfKeys(board, journeysPromisedMs, kept)(answering));
          return [answering, record !== null, eventsOfRecord(newest), cut, record?.length !== newest?.length];
        },
      );
      const definitions = board.definitions(partition);
      const logTimeMs = board.states()[partition]?.logTimeMs ?? deps.now();
      const journeys = journeysOf(timelineOf(events, definitions), definitions, logTimeMs);
      const { lagMs, watermark, missing, notes } = board.health();
      const bounded = [
        ...(isCut ? [`only the ${MAX_RECORD_BYTES} bytes that came last of the user's record were read`] : []),
        ...(journeys.length > MAX_JOURNEYS ? [`the oldest ${journeys.length - MAX_JOURNEYS} journeys are left out`] : []),
      ];
      const own = new Set(partitions);
      const holes = [
        ...gapsAmong(missing, own),
        ...inFlight,
        ...gapsOf('record_cut', cutTs === NEVER_CUT ? [] : [lostUpTo(cutTs, 'touches and conversions')]),
        ...gapsOf('record_cut', mayLack(journeys, events.length, definitions, logTimeMs - recordReachMs(definitions))),
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

    serve(app, USER_ROUTES.userKeys, async (request) => {
      const { id: userId } = request.params;
      const asked = { partition: partitionOf(userId, deps.partitions), userKey: userId };
      const found = await records.read(request.owner, [asked], (_records, [key], kept) => {
        const windowMs = board.joinedMs();
        const answering = key as AnsweringKey;
        const { userKey, partitions, stored, asked: first, inFlight = [] } = answering;
        return {
          ...{ owner: userKey, partitions, inFlight },
          // What is lost may be links, which say whose these keys are.
          cutTs: Math.max(cutOfRecord(stored), cutOfRecord(first), cutsOfKeys(board, recordReachMs, kept)(answering)),
          links: windowMs === null ? [] : linksOfKey(userId, textOf(first), windowMs),
          keys: windowMs === null ? [] : keysOfUser(userKey, textOf(stored), windowMs),
        };
      });
      const { lagMs, watermark, missing, notes } = board.health();
      const own = new Set(found.partitions);
      const bounded = [found.links, found.keys].some(({ length }) => length > MAX_KEYS);
      const holes = [
        ...gapsAmong(missing, own),
        ...found.inFlight,
        ...gapsOf('record_cut', found.cutTs === NEVER_CUT ? [] : [lostUpTo(found.cutTs, 'events of keys, and what says so,')]),
        ...gapsOf('bound_reached', bounded ? [`an answer has at most ${MAX_KEYS} links, the newest, and ${MAX_KEYS} keys`] : []),
      ];
      return {
        userId,
        owner: found.owner,
        links: found.links.slice(-MAX_KEYS).map(({ userKey, sinceMs, receivedAtMs, isUndone }) => ({
          ...{ userId: userKey, since: sinceMs, receivedAt: receivedAtMs, undone: isUndone },
        })),
        keys: found.keys.slice(0, MAX_KEYS).map(({ userKey, sinceMs, events }) => ({ userId: userKey, since: sinceMs, events })),
        meta: {
          view: 'speed' as const,
          speed: { lagMs, watermark },
          ...completenessOf(holes, exampleOf(gapsAmong(notes, own))),
        },
      };
    });
    done();
  };

function textOf(record: Buffer | null): string {
  return record?.toString('utf8') ?? '';
}

export function touchOf(touch: TimelineEvent): z.infer<typeof Touch> {
  const { id, ts, type, channel, costMinor, currency } = touch;
  return { id, ts, type, channel, campaign: campaignOf(touch), costMinor, currency };
}

export function conversionOf({ id, ts, type, valueMinor, currency }: TimelineEvent): z.infer<typeof Conversion> {
  return { id, ts, type, valueMinor, currency };
}

/**
 * What the oldest journeys may lack. A record with as many events as are kept of each user loses older ones by their age, without a mark; `horizonMs`: up to
 * there it has.
 */
function mayLack(
  journeys: ReturnType<typeof journeysOf>,
  events: number,
  { lookbackMs, signalRetention }: Definitions,
  horizonMs: number,
): string[] {
  const reachesBehind = journeys.some(({ conversion }) => conversion !== null && conversion.ts - lookbackMs <= horizonMs);
  return events >= signalRetention.perUser && reachesBehind ? [lostUpTo(horizonMs, 'touches')] : [];
}
