/** What is known of a computation beside the platform. */
import { z } from 'zod';

export const COMPUTATION_STATES = ['RUNNING', 'BEHIND', 'STANDS_STILL', 'NOT_STARTED'] as const;

export const ComputationSeen = z
  .object({
    name: z.string(),
    version: z.string().describe('The registered one: its events have it as properties.version.'),
    state: z
      .enum(COMPUTATION_STATES)
      .describe(
        'BEHIND: a line waits for longer than `mostLagMs`; STANDS_STILL: it has said nothing for as long; NOT_STARTED: this version has not said anything yet, and was registered a moment ago.',
      ),
    lagMs: z
      .int()
      .nullable()
      .describe('How long the oldest line of the output log has waited for it, ms; 0: none waits; null: it is not known.'),
    reportedAt: z.int().nullable().describe('When it last said how far it is, epoch ms; null: this version never did.'),
  })
  .meta({ id: 'ComputationSeen' });
export type ComputationSeen = z.output<typeof ComputationSeen>;
