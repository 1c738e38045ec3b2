/** Members of segments and dues that the record of a user does not tell: of who was erased, and of an id that came twice. */
import { ERASE_TYPE, encodeErasure, LIFT_TYPE } from '@tributary/model/erasure';
import type { Event } from '@tributary/model/event';
import { expect, test } from 'vitest';
import { day, startFollowing, withSegments } from './following.ts';

const of = (ttl: string) => withSegments({ big: { enter: "type == 'p'", ttl } });
const erasure = { kind: 'events', body: encodeErasure({ type: ERASE_TYPE, userKey: 'ann', id: 'x', atMs: day(0) }) } as const;

test.each(['not everybody was looked at', 'everybody was'])(
  'law 9: a user who is erased while %s is due at no time any more',
  async (when) => {
    const platform = startFollowing({ definitions: of('30d'), limits: { passedUsers: 1 } });
    const speed = platform.store.speed();
    const others = Array.from({ length: 12 }, (_, n) => ['p', 0, `u${n}`] as const);
    await platform.send(...others, ['q', 0, 'ann'], ['p', 0, 'bo']);
    if (when === 'not everybody was looked at') {
      await platform.log.append(0, { kind: 'barrier', body: JSON.stringify({ generation: 1, definitions: of('20d').json }) });
      await platform.once();
      expect((await platform.members('big', of('20d'))).isWhole).toBe(false);
    }
    await platform.log.append(0, erasure);
    await platform.once();
    expect((await speed.loadRecords(0, ['ann'], 1e6)).records).toEqual([null]);
    await platform.drain();
    const { dues } = await speed.duesOf(0, ['ann', 'bo']);
    expect(dues).toEqual([null, expect.any(Number)]);
  },
);

test('law 1: who is listed by an id that came twice, days apart, leaves in the end, though another worker reads the record', async () => {
  const definitions = withSegments({ planner: { enter: "type == 'search'", ttl: '3d' } });
  const platform = startFollowing({ definitions });
  const event = (ts: number): Event => ({
    ts: day(ts),
    type: 'search',
    id: 'e1',
    userId: 'ann',
    receivedAt: day(ts),
    source: 'test',
  });
  // `lateness` of these definitions is two hours: timelines know the id no longer, and the record's readers count it once.
  for (const at of [0, 5]) await platform.append(event(at));
  await platform.drain();
  expect((await platform.members('planner')).users).toEqual(['ann']);
  platform.restart();
  for (const at of [7, 9]) await platform.beat(at);
  expect(await platform.members('planner')).toEqual({ users: [], isWhole: true, unsure: 0 });
});

test('laws 1 and 9: a user who is erased, lifted and back in one commit leaves when the membership ends', async () => {
  const platform = startFollowing({ definitions: of('3d') });
  await platform.send(['p', 0]);
  await platform.log.append(0, erasure);
  const lift = { type: LIFT_TYPE, userKey: 'ann', id: 'y', atMs: day(0) } as const;
  await platform.log.append(0, { kind: 'events', body: encodeErasure(lift) });
  await platform.send(['p', 1]);
  expect((await platform.members('big')).users).toEqual(['ann']);
  await platform.beat(9);
  expect((await platform.members('big')).users).toEqual([]);
});
