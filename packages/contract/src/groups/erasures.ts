/** The right to be forgotten: erasing users, how far that is, and lifting it. */
import { z } from 'zod';
import { NextCursor, NOON } from '../shapes/answer-fields.ts';
import { Cursor, count, UserId } from '../shapes/parameters.ts';
import type { Routes } from '../shapes/route.ts';

export const MOST_ERASED_AT_ONCE = 1_000;

const Reason = z.string().min(1).max(500).describe('For the record. It must not name the user.');

const Id = z
  .string()
  .regex(/^erasure-[0-9a-z]{8,9}-[0-9a-f]{32}$/, 'be the id of an erasure, as the answer to its request has it')
  .describe('As the answer to the request has it.');

const Place = z.object({
  place: z.string(),
  state: z
    .enum(['mayHold', 'writtenWithout', 'searched'])
    .describe(
      'writtenWithout: what is there now was written without the user, and was not searched. searched: of what was there at the cut of a generation that has the erasure no row of the user was found, or all of it was dropped.',
    ),
  holds: z.string(),
  until: z.string().describe('What takes the bytes from there.'),
});

export const Erasure = z
  .object({
    id: z.string(),
    askedAt: z.int(),
    by: z.string(),
    reason: z.string().nullable(),
    state: z
      .enum(['requested', 'recorded', 'notCounted', 'recomputed', 'lifting', 'lifted'])
      .describe(
        'requested: it is not known whether the log has it, ask for it again. recorded: the log has it, and real time has not read it yet. notCounted: real time took back what it may still change and refuses what comes; what was frozen counts until the next generation. recomputed: the generation that readers get was computed without the user. lifting, lifted: what comes from then on counts again.',
      ),
    generation: z
      .int()
      .nullable()
      .describe('The generation that readers get, where it was computed without the user; null: it was not, or does not say so.'),
    recordedAt: z.int().nullable().describe('When the log was known to have it, epoch ms.'),
    lifted: z.object({ at: z.int(), by: z.string() }).nullable(),
    bytes: z
      .object({
        gone: z
          .literal(false)
          .describe('Whether a search showed that no byte is left anywhere: no search looks at all places yet.'),
        places: z.array(Place),
      })
      .describe('Where bytes of the user may still lie.'),
  })
  .meta({ id: 'Erasure' });

export const ErasuresAnswer = z.object({ erasures: z.array(Erasure).describe('One for each key of the users.') });

const ErasedAnswer = ErasuresAnswer.extend({
  warnings: z
    .array(z.string())
    .describe('Why users may have more keys than these: where keys of one person are joined, what named them may be lost.'),
});

/** Those of Segment's public API that erase or lift. */
const RegulationType = z
  .enum(
    ['SUPPRESS_WITH_DELETE', 'SUPPRESS_WITH_DELETE_INTERNAL', 'UNSUPPRESS'],
    'be SUPPRESS_WITH_DELETE, SUPPRESS_WITH_DELETE_INTERNAL or UNSUPPRESS: an erasure takes what there is and refuses what comes, and neither is done without the other. For DELETE_ONLY send SUPPRESS_WITH_DELETE, and UNSUPPRESS once each erasure is recomputed',
  )
  .describe(
    'SUPPRESS_WITH_DELETE and SUPPRESS_WITH_DELETE_INTERNAL: as POST /v1/erasures, nothing is sent to others. UNSUPPRESS: lifts the erasure of each subject that has one.',
  );

const ERASURE = {
  id: 'erasure-mwb5i8cg-5f0c1d3b7a9e4f2086d1c3b5a7e9f001',
  askedAt: NOON,
  by: 'key ta_42d002fb160d',
  reason: 'request 4711',
  state: 'notCounted',
  generation: null,
  recordedAt: NOON + 4,
  lifted: null,
  bytes: {
    gone: false,
    places: [
      {
        place: 'archive',
        state: 'mayHold',
        holds: 'all events, in Parquet files by day',
        until: 'no generation from before is kept: the next run writes the files again',
      },
    ],
  },
};
const LIST = { erasures: [ERASURE] };
const ERASED = { ...LIST, warnings: [] };

export const ERASURE_ROUTES = {
  eraseUser: {
    method: 'DELETE',
    path: '/v1/users/{id}',
    tag: 'users',
    summary: 'Erase a user: nothing of theirs counts any longer',
    description:
      'All keys of the person: where these are joined it waits until real time has read what the log has, and is refused (503 `links_unread`) where that takes longer than 5 s. Answers once the log has it; follow it at /v1/erasures/{id}. Asked again it is the same erasure. What comes of the user afterwards is refused until the erasure is lifted. That is not the same as bytes being gone: `bytes` says where they may lie.',
    scope: 'admin',
    status: 202,
    params: z.strictObject({ id: UserId }),
    query: z.strictObject({ reason: Reason.optional() }),
    answer: ErasedAnswer,
    refusals: [409, 413],
    example: { asked: { id: 'ada', reason: 'request 4711' }, answer: ERASED },
  },
  eraseUsers: {
    method: 'POST',
    path: '/v1/erasures',
    tag: 'users',
    summary: `Erase up to ${MOST_ERASED_AT_ONCE} users at once`,
    description: 'As DELETE /v1/users/{id} does with each.',
    scope: 'admin',
    status: 202,
    body: z.strictObject({ users: z.array(UserId).min(1).max(MOST_ERASED_AT_ONCE), reason: Reason.optional() }),
    answer: ErasedAnswer,
    refusals: [409, 413],
    example: { asked: { users: ['ada'], reason: 'request 4711' }, answer: ERASED },
  },
  regulate: {
    method: 'POST',
    path: '/v1/regulations',
    tag: 'users',
    summary: `Erase up to ${MOST_ERASED_AT_ONCE} users, or lift that, as Segment's regulations ask for it`,
    description:
      "Takes the body of Segment's regulations of a source or workspace. Follow each erasure at /v1/erasures/{id}. A lift is refused as a whole until the generation that readers get was computed without each of them.",
    scope: 'admin',
    body: z.strictObject({
      regulationType: RegulationType,
      subjectType: z.enum(['USER_ID', 'ANONYMOUS_ID'], 'be USER_ID or ANONYMOUS_ID').describe('Both are user keys.'),
      subjectIds: z.array(UserId).min(1).max(MOST_ERASED_AT_ONCE),
    }),
    answer: ErasedAnswer.extend({
      data: z.object({
        regulateId: z.string().nullable().describe('Id of the first erasure; null: there was none to lift.'),
      }),
    }),
    refusals: [409, 413],
    example: {
      asked: { regulationType: 'SUPPRESS_WITH_DELETE', subjectType: 'USER_ID', subjectIds: ['ada'] },
      answer: { data: { regulateId: ERASURE.id }, ...ERASED },
    },
  },
  erasures: {
    method: 'GET',
    path: '/v1/erasures',
    tag: 'users',
    summary: 'Erasures, newest first, and how far each is',
    scope: 'admin',
    query: z.strictObject({
      user: UserId.optional().describe('Only those of this key.'),
      limit: count(1_000).default(100).describe('Erasures of a page.'),
      cursor: Cursor.optional(),
    }),
    answer: z.object({ ...ErasuresAnswer.shape, nextCursor: NextCursor }),
    example: { asked: { limit: '1' }, answer: { ...LIST, nextCursor: null } },
  },
  erasure: {
    method: 'GET',
    path: '/v1/erasures/{id}',
    tag: 'users',
    summary: 'The receipt of one erasure: how far it is, and where bytes may still lie',
    scope: 'admin',
    params: z.strictObject({ id: Id }),
    answer: z.object({ erasure: Erasure }),
    refusals: [404],
    example: { asked: { id: ERASURE.id }, answer: { erasure: ERASURE } },
  },
  liftErasure: {
    method: 'POST',
    path: '/v1/erasures/{id}/lift',
    tag: 'users',
    summary: 'Let what comes of an erased user count again',
    description:
      'Nothing from before the lift comes back. Only once the generation that readers get was computed without the user. A receipt does not say whose it is, so the user is to be named.',
    scope: 'admin',
    status: 202,
    params: z.strictObject({ id: Id }),
    body: z.strictObject({ user: UserId }),
    answer: z.object({ erasure: Erasure }),
    refusals: [404, 409],
    example: {
      asked: { id: ERASURE.id, user: 'ada' },
      answer: { erasure: { ...ERASURE, state: 'lifting', lifted: { at: NOON, by: ERASURE.by } } },
    },
  },
} as const satisfies Routes;
