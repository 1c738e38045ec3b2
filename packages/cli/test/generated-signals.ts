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
  /** the last 10 sessions that began within 30d: events of any type with less than 30m between one and the next */
  readonly web: readonly {
    readonly from: number;
    readonly last: number;
    readonly to: number;
    readonly open: boolean;
    readonly durationMs: number;
    readonly events: number;
    readonly entryPage: string | null;
    readonly exitPage: string | null;
    readonly channel: string | null;
    readonly campaign: string | null;
  }[];
  /** the last 20 events of type "product_view" of 90d, newest first, with item, price */
  readonly lastViews: readonly {
    readonly ts: number;
    readonly item: string | null;
    readonly price: number | null;
  }[];
  /** how many events of type "product_view", in [asOf − 1h, asOf) */
  readonly views1h: number;
  /** the sum of value in events of type "purchase", in [asOf − 30d, asOf) */
  readonly spend30d: number | bigint;
  /** the most frequent value of category in events of type "product_view", in [asOf − 7d, asOf) */
  readonly topCategory7d: string | null;
  /** the largest value of price in events of type "product_view" where category in ['shoes', 'bags'], in [asOf − 90d, asOf) */
  readonly dearest: number | null;
  /** how many events of type "purchase" divided by how many events of type "product_view", in [asOf − 30d, asOf) */
  readonly conversion: number | null;
  /** in from an event where type == 'search'; out 14d after the last event where that holds, or with an event where type == 'booking' */
  readonly activeTripPlanner: SegmentMembership;
  /** in once 30d have passed since the last event where type == 'purchase', without one where type == 'purchase'; out with the next such event, 60d later */
  readonly lapsedBuyer: SegmentMembership;
}

export type SignalName = keyof Signals;

/** Each changes with all that its values follow. */
export const VERSIONS = {
  web: '88e47ca4c0a7',
  lastViews: '34e84952260c',
  views1h: '644ec850e6a2',
  spend30d: '8175c8dfdb23',
  topCategory7d: '1da31b1f430c',
  dearest: '511544c8d55b',
  conversion: 'a7e1e621e156',
  activeTripPlanner: '20be311afaf0',
  lapsedBuyer: '19f1bab54424',
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
