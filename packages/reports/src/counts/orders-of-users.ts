/** How often users order over each channel: what sums of groups do not show (attribution/src/uncertainty/orders-a-user.ts). */
import { SEPARATOR } from '@tributary/attribution/data-driven/counts';
import { createOrdersOfChannels, type OrdersOfChannels } from '@tributary/attribution/uncertainty/orders-of-channels';
import type { Snapshot } from '@tributary/serving/snapshot';
import { coalitions } from '@tributary/views/coalitions/fold';
import { orderNumbers } from '@tributary/views/order-numbers/fold';
import { collectionOf, type Scope, within } from '../journeys/scope.ts';
import type { Rename } from '../row-keys.ts';

/** Counts of the whole scope, whatever is shown of it. `rename`: null: as views name channels. */
export function ordersOf(snapshot: Pick<Snapshot, 'collect'>, scope: Scope, rename: Rename | null): OrdersOfChannels {
  const setOf = (text: string) => (text === '' ? [] : text.split(SEPARATOR));
  const orders = createOrdersOfChannels(rename ?? undefined);
  const sets = snapshot.collect(coalitions, {
    ...collectionOf('sets of orders', scope),
    map([, type, channels = '', currency = ''], measures, emit) {
      if (within(scope, type, currency)) emit(channels, measures);
    },
  });
  for (const [channels, [conversions = 0]] of sets) orders.add(setOf(channels), Number(conversions));
  const rows = snapshot.collect(orderNumbers, {
    ...collectionOf('orderNumbers', scope),
    map([, type, channels = '', numbers = '', currency = ''], measures, emit) {
      if (within(scope, type, currency)) emit(`${channels}\t${numbers}`, measures);
    },
  });
  for (const [key, [conversions = 0]] of rows) {
    const [channels = '', numbers = ''] = key.split('\t');
    orders.again(setOf(channels), setOf(numbers).map(Number), Number(conversions));
  }
  return orders;
}
