// Written by "tributary client generate": what the definitions say of a user. Write it again when they change.
import type { Client } from '@tributary/client/client';

export interface SegmentMembership {
  readonly member: boolean;
  /** When the episode began that goes on; null: not a member, or since before records reach. */
  readonly since: number | null;
  readonly until: number | null;
  /** Those that are over, newest first. */
  readonly episodes: readonly { readonly from: number; readonly to: number }[];
}

export interface Signals {
  /** the last 10 events of type "product_view" of 30d, newest first, with item */
  readonly lastItems: readonly {
    readonly ts: number;
    readonly item: string | null;
  }[];
  /** the newest value of items in events of type "computed" where computation == 'coViewed', in [asOf − 30d, asOf) */
  readonly recommended: string | null;
  /** the newest value of version in events of type "computed" where computation == 'coViewed', in [asOf − 30d, asOf) */
  readonly recommendedVersion: string | null;
  /** the newest value of lagMs in events of type "computed" where computation == 'coViewed', in [asOf − 30d, asOf) */
  readonly recommendedLagMs: number | null;
  /** ms since the newest of events of type "computed" where computation == 'coViewed', in [asOf − 30d, asOf) */
  readonly sinceRecommended: number | null;
}

export type SignalName = keyof Signals;

/** Each changes with all that its values follow. */
export const VERSIONS = {
  lastItems: '5df359343cfc',
  recommended: '618b9d0170e3',
  recommendedVersion: '6984e5ca7696',
  recommendedLagMs: 'a75d4fb50eae',
  sinceRecommended: '36365ba3db6d',
} as const satisfies Record<SignalName, string>;

export interface UserSignals<N extends SignalName> {
  readonly asOf: number;
  /** null: no event has such a value, or `missing` says why it is not known. */
  readonly values: { readonly [K in N]: Signals[K] | null };
  /** Those that are not known: the status that the API gives, or OTHER_VERSION where the definition is another than that of this file. */
  readonly missing: { readonly [K in N]?: string };
}

/** Throws TributaryProblem, also where a name is not defined any more. */
export async function readSignals<N extends SignalName>(
  client: Pick<Client, 'userValues'>,
  user: string,
  names: readonly N[],
  asOf?: number | string | Date,
): Promise<UserSignals<N>> {
  const answer = await client.userValues({ id: user, signals: names, ...(asOf !== undefined && { asOf }) });
  const values: Record<string, unknown> = {};
  const missing: Record<string, string> = {};
  for (const name of names) {
    const found = answer.values[name];
    const isOurs = found?.status === 'READY' && found.version === VERSIONS[name];
    values[name] = isOurs ? found.value : null;
    if (!isOurs) missing[name] = found?.status === 'READY' ? 'OTHER_VERSION' : (found?.status ?? 'NOT_IN_FORCE');
  }
  return { asOf: answer.asOf, values, missing } as UserSignals<N>;
}
