/** What one commit of a walk over all users costs where their records are long: it holds up all partitions of a worker. */
import { encodeEvent } from '@tributary/model/event';
import { expect, test } from 'vitest';
import { day, startFollowing, withSegments } from './following.ts';

const of = (ttl: string) => withSegments({ big: { enter: "type == 'p' && value == 1", ttl } });
/** A record of 200 KB. */
const LINES = 700;
const USERS = 60;

test('law 7: a commit of the walk over all users is bounded by what it reads, not by users alone, and each of them is looked at', async () => {
  let bytes = 0;
  const platform = startFollowing({
    definitions: of('30d'),
    storeOf: (speed) => ({
      ...speed,
      async loadRecords(...asked) {
        const read = await speed.loadRecords(...asked);
        for (const record of read.records) bytes += typeof record === 'string' ? record.length : 0;
        return read;
      },
    }),
  });
  const base = { type: 'p', receivedAt: day(7), source: 'test', properties: { text: 'x'.repeat(150) } };
  for (let u = 0; u < USERS; u++) {
    const lines = Array.from({ length: LINES }, (_, n) =>
      encodeEvent({ ...base, ts: day(n / 100), id: `e${n}`, userId: `u${u}`, value: n === LINES - 1 ? 1 : 2 }),
    );
    await platform.log.append(0, { kind: 'events', body: lines.join('\n') });
  }
  await platform.drain();
  platform.restart();
  await platform.log.append(0, { kind: 'barrier', body: JSON.stringify({ generation: 1, definitions: of('20d').json }) });
  const ofCommits: number[] = [];
  bytes = 0;
  for (
    let members = { users: [] as readonly string[], isWhole: false as boolean | undefined };
    members.users.length < USERS || members.isWhole !== true;
  ) {
    expect(ofCommits.length).toBeLessThan(100);
    const before = bytes;
    await platform.once();
    ofCommits.push(bytes - before);
    members = await platform.members('big', of('20d'));
  }
  expect(bytes).toBeGreaterThan(USERS * 150_000);
  // Two replies of 2 MiB at most.
  expect(Math.max(...ofCommits)).toBeLessThan(4.5 * 1024 * 1024);
});
