/** A world where keys are joined, and one cookie lent its click to a user. */
import { type Event, encodeEvent } from '@tributary/model/event';
import { encodeMessage, messageNumber } from '@tributary/model/identity/message-line';
import { MINUTE_MS } from '@tributary/model/time';
import { partitionOf } from '@tributary/model/user-key';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { readDefinitions } from '@tributary/signals/definitions/file';
import { namedMark } from '@tributary/views/said-marks';
import { joined } from '../../../test/laws/adoption-world.ts';
import { createWorld, event, NOON, PARTITIONS, type World } from './world.ts';

export const DEFINITIONS = joined(
  readDefinitions(
    JSON.stringify({ signals: { all: { count: '*', window: '1h' }, idle: { timeSince: '*', window: '1h' } } }),
    sha256Hex,
  ),
);

export async function append({ commit }: World, userKey: string, ...lines: string[]): Promise<void> {
  const conversions = new Map(
    lines
      .map((line) => JSON.parse(line) as Event)
      .filter(({ type }) => type === 'purchase')
      .map(({ id }) => [id, userKey]),
  );
  const appends = new Map([[userKey, lines.map((line) => `${line}\n`).join('')]]);
  await commit(partitionOf(userKey, PARTITIONS), { appends, conversions }, { logTimeMs: NOON });
}

const click = event({ type: 'ad_click', id: 'click', ts: NOON - 2 * MINUTE_MS, channel: 'mail', anonymousId: 'cookie' });
const { userId: _, ...withoutUser } = click;
export const CLICK = withoutUser;
export const NUMBERED = { number: messageNumber('1.0000000', 0), after: '' };
export const BUY = event({ type: 'purchase', id: 'order', ts: NOON - MINUTE_MS, userId: 'ada', value: 500, currency: 'EUR' });

/** As the speed layer leaves it: the click under the cookie, the order under the user, and what they said to each other. `isNamed`: the record of ada names the link. */
export async function joinedWorld(isNamed = true): Promise<World> {
  const world = await createWorld({ definitions: DEFINITIONS });
  const receivedAt = NOON - 1;
  const link = { id: 'ada\nat x', to: 'ada', ts: NOON - MINUTE_MS, version: '1', receivedAt };
  const item = { origin: 'cookie', id: 'click', ts: CLICK.ts, isKnown: true, path: ['cookie'], line: encodeEvent(CLICK) };
  const linked = encodeMessage({ kind: 'link', to: 'cookie', link }, { from: 0, ...NUMBERED });
  const put = encodeMessage({ kind: 'put', to: 'ada', item, version: '2' }, { from: 1, ...NUMBERED });
  await append(world, 'cookie', encodeEvent(CLICK), linked);
  const marks = isNamed ? [namedMark(partitionOf('cookie', PARTITIONS)).trimEnd()] : [];
  await append(world, 'ada', encodeEvent(BUY), put, ...marks);
  await world.tick();
  return world;
}
