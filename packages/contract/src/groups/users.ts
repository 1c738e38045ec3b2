/** Signals and journeys of users. */
import { z } from 'zod';
import { NextCursor, NOON } from '../shapes/answer-fields.ts';
import { SpeedMeta } from '../shapes/meta.ts';
import { BodyInstant, Cursor, count, EventName, EventNames, Range, UserId } from '../shapes/parameters.ts';
import type { Routes } from '../shapes/route.ts';

const MAX_USERS = 1_000;
const MAX_SIGNALS = 1_000;
/** 1 000 users × 1 000 signals of up to 32 KB would be 32 GB: users times signals are bounded too. */
const MAX_SIGNALS_PER_QUERY = 20_000;

const Signal = z
  .looseObject({
    ts: z.int(),
    type: z.string(),
    id: z.string(),
    properties: z.record(z.string(), z.unknown()).optional().describe('What the sender put there.'),
  })
  .describe('The event as it was stored.')
  .meta({ id: 'Signal' });
const Status = z.enum(['PRESENT', 'NOT_FOUND']).describe('NOT_FOUND: no event of this user is stored.');
const UserSignals = { userId: z.string(), status: Status, signals: z.array(Signal).describe('Newest first, by (ts, id).') };

export const UserSignalsAnswer = z.object({ ...UserSignals, nextCursor: NextCursor, meta: SpeedMeta });
const QueriedUser = z
  .object({
    ...UserSignals,
    hasMore: z.boolean().describe('`limit` left out older signals; `userSignals` has all, in pages.'),
  })
  .meta({ id: 'UserSignals' });
export const SignalsQueryAnswer = z.object({
  results: z.array(QueriedUser).describe('In the order asked.'),
  meta: SpeedMeta,
});

export const Touch = z
  .object({
    id: z.string(),
    ts: z.int(),
    type: z.string(),
    channel: z.string(),
    campaign: z.string(),
    costMinor: z.int(),
    currency: z.string(),
  })
  .meta({ id: 'Touch' });
export const Conversion = z
  .object({ id: z.string(), ts: z.int(), type: z.string(), valueMinor: z.int(), currency: z.string() })
  .meta({ id: 'Conversion' });

const Journey = z
  .object({
    status: z.enum(['converted', 'null', 'open']).describe('open: its last touch can still earn credit.'),
    from: z.int().describe('First event, epoch ms.'),
    to: z.int().describe('Last event, epoch ms.'),
    touches: z.array(Touch),
    conversion: Conversion.nullable(),
  })
  .meta({ id: 'Journey' });

export const JourneyAnswer = z.object({
  userId: z.string(),
  status: Status,
  journeys: z.array(Journey).describe('Oldest first; the newest 1 000.'),
  meta: z.object({ ...SpeedMeta.shape, definitions: z.string() }),
});

export const KeysAnswer = z.object({
  userId: z.string(),
  owner: z.string().describe('Who answers for this key now: itself, or the user that it belongs to.'),
  links: z
    .array(
      z.object({
        userId: z.string(),
        since: z.int().describe('From when on the key is theirs, until the next link; epoch ms.'),
        receivedAt: z.int(),
        undone: z.boolean().describe('It was undone: it does not hold any longer.'),
      }),
    )
    .describe('To whom this key was linked, oldest first.'),
  keys: z
    .array(
      z.object({
        userId: z.string(),
        since: z.int().nullable().describe('When it was linked, epoch ms; null: what says so is older than what is kept.'),
        events: z.int().describe('Events that were received with it and count for the owner.'),
      }),
    )
    .describe('Other keys of the owner, sorted; as far back as events are kept.'),
  meta: SpeedMeta,
});

const params = z.strictObject({ id: UserId });

const SignalsQuery = z
  .strictObject({
    users: z
      .array(UserId)
      .min(1)
      .max(MAX_USERS)
      .superRefine((users, found) => {
        const seen = new Set<string>();
        const twice = users.findIndex((user) => seen.size === seen.add(user).size);
        if (twice >= 0) found.addIssue({ code: 'custom', path: [twice], message: 'differ from all users before it' });
      }),
    names: z.array(EventName).min(1).max(100).optional(),
    limit: z.int().min(1).max(MAX_SIGNALS).default(20).describe('Signals per user.'),
    from: BodyInstant.optional(),
    to: BodyInstant.optional(),
  })
  .superRefine(({ users, limit }, found) => {
    const most = Math.floor(MAX_SIGNALS_PER_QUERY / users.length);
    if (limit > most)
      found.addIssue({
        code: 'custom',
        path: ['limit'],
        message: `be at most ${most} for ${users.length} users: an answer has ${MAX_SIGNALS_PER_QUERY} signals or fewer`,
      });
  });

const SIGNAL = { ts: NOON, type: 'page', id: 'e-9', userId: 'ada', receivedAt: NOON, source: 'native', page: '/shoes' };
const META = { view: 'speed', speed: { lagMs: 0, watermark: NOON }, complete: true, reasons: [], warnings: [] };

export const TOUCH_EXAMPLE = {
  id: 'e-5',
  ts: NOON - 604_800_000,
  type: 'ad_click',
  channel: 'paid-search',
  campaign: 'brand',
  costMinor: 45,
  currency: 'EUR',
};
export const CONVERSION_EXAMPLE = { id: 'order-77', ts: NOON, type: 'purchase', valueMinor: 4_999, currency: 'EUR' };

export const USER_ROUTES = {
  userSignals: {
    method: 'GET',
    path: '/v1/users/{id}/signals',
    tag: 'users',
    summary: 'Signals of a user, newest first',
    scope: 'read',
    params,
    query: z.strictObject({
      names: EventNames.optional(),
      ...Range,
      limit: count(MAX_SIGNALS).default(20).describe('Signals of a page.'),
      cursor: Cursor.optional(),
    }),
    answer: UserSignalsAnswer,
    refusals: [413],
    example: {
      asked: { id: 'ada', names: 'page,ad_click', limit: '2' },
      answer: { userId: 'ada', status: 'PRESENT', signals: [SIGNAL], nextCursor: null, meta: META },
    },
  },
  userKeys: {
    method: 'GET',
    path: '/v1/users/{id}/keys',
    tag: 'users',
    summary: 'Keys of the same person',
    description:
      'Where definitions join keys of one person, a key that is linked is answered for by its owner as of now: signals, values, journeys and conversions of either are the same.',
    scope: 'read',
    params,
    answer: KeysAnswer,
    refusals: [413],
    example: {
      asked: { id: 'cookie-1' },
      answer: {
        userId: 'cookie-1',
        owner: 'ada',
        links: [{ userId: 'ada', since: NOON, receivedAt: NOON, undone: false }],
        keys: [{ userId: 'cookie-1', since: NOON, events: 3 }],
        meta: META,
      },
    },
  },
  querySignals: {
    method: 'POST',
    path: '/v1/signals/query',
    tag: 'users',
    summary: 'Signals of up to 1 000 users at once',
    scope: 'read',
    body: SignalsQuery,
    answer: SignalsQueryAnswer,
    refusals: [413],
    example: {
      asked: { users: ['ada', 'eve'], names: ['page'], limit: 20, from: '2026-11-01' },
      answer: {
        results: [
          { userId: 'ada', status: 'PRESENT', signals: [SIGNAL], hasMore: false },
          { userId: 'eve', status: 'NOT_FOUND', signals: [], hasMore: false },
        ],
        meta: META,
      },
    },
  },
  userJourney: {
    method: 'GET',
    path: '/v1/users/{id}/journey',
    tag: 'users',
    summary: 'Touches and conversions of a user, split into journeys',
    description: 'Reaches back as far as the speed layer keeps their record.',
    scope: 'read',
    params,
    answer: JourneyAnswer,
    example: {
      asked: { id: 'ada' },
      answer: {
        userId: 'ada',
        status: 'PRESENT',
        journeys: [
          {
            status: 'converted',
            from: TOUCH_EXAMPLE.ts,
            to: NOON,
            touches: [TOUCH_EXAMPLE],
            conversion: CONVERSION_EXAMPLE,
          },
        ],
        meta: { ...META, definitions: '9f3c52c1a0be' },
      },
    },
  },
} as const satisfies Routes;
