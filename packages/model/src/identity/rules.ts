/** What definitions say of the keys of one person. */
import { z } from 'zod';

/** As barriers and manifests carry it. */
export const IDENTITY = z.strictObject({
  /** How far back from its receipt a link reaches: older events stay with the key that they came with. */
  days: z.number().positive().max(335).default(30),
});

/** How much longer than a link reaches records are kept: it may be relayed for that long, and still finds all that follows it. */
const RELAY_DAYS = 30;

interface Beside {
  readonly identity?: z.output<typeof IDENTITY> | undefined;
  readonly signalRetention: { readonly days: number };
  readonly corrections: readonly unknown[];
}

/** What does not fit together with joined keys, and where it stands. */
export function identityTroubles({ identity, signalRetention, corrections }: Beside) {
  if (identity === undefined) return [];
  const mostDays = signalRetention.days - RELAY_DAYS;
  const days = {
    at: 'identity.days',
    must: `be at most ${mostDays}, ${RELAY_DAYS} less than signalRetention.days`,
    got: String(identity.days),
    fix: 'Lower it, or raise signalRetention.days',
  };
  const corrected = { at: 'corrections', must: 'be left out where keys are joined', got: `${corrections.length} of them` };
  return [...(identity.days > mostDays ? [days] : []), ...(corrections.length > 0 ? [corrected] : [])];
}
