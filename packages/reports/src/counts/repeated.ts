/** How many conversions are of users who converted before: what sums of groups do not show (attribution/src/uncertainty/channels-apart.ts). */
import { SEPARATOR } from '@tributary/attribution/data-driven/counts';
import type { Repeated } from '@tributary/attribution/uncertainty/grouped';
import type { Snapshot } from '@tributary/serving/snapshot';
import { repeats } from '@tributary/views/repeats/fold';
import { collectionOf, type Scope, within } from '../journeys/scope.ts';
import { sizesOf } from '../journeys/sizes.ts';
import type { Rename } from '../row-keys.ts';

export interface RepeatedCounts {
  readonly all: Repeated;
  /** Those of paths that hold the channel. */
  readonly byChannel: ReadonlyMap<string, Repeated>;
}

/** Counts of the whole scope, whatever is shown of it. `rename`: null: as views name channels. */
export function repeatedOf(snapshot: Pick<Snapshot, 'collect'>, scope: Scope, rename: Rename | null): RepeatedCounts {
  const { attributed, unattributed, ofConversions } = sizesOf(snapshot, scope);
  const byChannel = new Map<string, { conversions: number; repeats: number }>();
  const of = (channel: string) => {
    const name = rename === null ? channel : rename(channel);
    let own = byChannel.get(name);
    if (own === undefined) byChannel.set(name, (own = { conversions: 0, repeats: 0 }));
    return own;
  };
  for (const { channel, amount } of ofConversions) of(channel).conversions += amount;
  const rows = snapshot.collect(repeats, {
    ...collectionOf('repeats', scope),
    map([, type, channels = '', currency = ''], measures, emit) {
      if (within(scope, type, currency)) emit(channels, measures);
    },
  });
  let all = 0;
  for (const [channels, [count = 0]] of rows) {
    all += Number(count);
    if (channels !== '') for (const channel of channels.split(SEPARATOR)) of(channel).repeats += Number(count);
  }
  return {
    all: { conversions: Number(attributed.conversions) + Number(unattributed.conversions), repeats: all },
    byChannel,
  };
}
