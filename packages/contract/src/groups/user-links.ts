/** Joining keys of one person by hand, and undoing that. */
import { z } from 'zod';
import { NOON } from '../shapes/answer-fields.ts';
import { UserId } from '../shapes/parameters.ts';
import type { Routes } from '../shapes/route.ts';

const LinkAnswer = z.object({
  userId: z.string(),
  key: z.string(),
  eventId: z.string().describe('The event of the user that says so, as the log has it.'),
  at: z.int().describe('When that event happened, epoch ms.'),
});

const EXAMPLE = { userId: 'ada', key: 'cookie-1', eventId: 'by-hand-0b5f7c1e-3c0a-4f0e-9d53-1c2f6a4c7e90', at: NOON };

export const USER_LINK_ROUTES = {
  linkKey: {
    method: 'POST',
    path: '/v1/users/{id}/links',
    tag: 'users',
    summary: 'Say that a key is of this user',
    description:
      'As an `alias` of a server does: events of the key count for the user, those of a known user too. Answers once the log has it; `/v1/users/{id}/keys` of the key shows it once real time has read it. Refused where definitions do not join keys.',
    scope: 'admin',
    status: 202,
    params: z.strictObject({ id: UserId }),
    body: z.strictObject({ key: UserId }),
    answer: LinkAnswer,
    refusals: [409],
    example: { asked: { id: 'ada', key: 'cookie-1' }, answer: EXAMPLE },
  },
  unlinkKey: {
    method: 'DELETE',
    path: '/v1/users/{id}/links/{key}',
    tag: 'users',
    summary: 'Undo what said that a key is of this user',
    description:
      'Every link of the key to the user that was made before holds no longer: events go back to the key, or to whom its other links give them. What says so afterwards links again. Refused where definitions do not join keys.',
    scope: 'admin',
    status: 202,
    params: z.strictObject({ id: UserId, key: UserId }),
    answer: LinkAnswer,
    refusals: [409],
    example: { asked: { id: 'ada', key: 'cookie-1' }, answer: { ...EXAMPLE, at: NOON + 60_000 } },
  },
} as const satisfies Routes;
