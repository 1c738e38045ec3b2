/** Events that come back from the archive are the lines that the log had, to the last character: users' records are made of them. */
import { DEFAULT_LIMITS } from '@tributary/archiver/pipeline';
import type { LogEntry } from '@tributary/log/port';
import type { Event } from '@tributary/model/event';
import { FULL_EVENT } from '@tributary/testkit/inputs/full-event';
import { expect, test } from 'vitest';
import { openArchivedEntries } from '../../services/speed/src/read/archived-entries.ts';
import { createRig, someEvents, T0 } from '../faults/archiver-rig.ts';

const TEXTS = ['"', '\\', '\\"\\\\n', '\ufeffbegins', "it's", '{"a":1}', '\u2028\u0085', '🦊é', 'NULL', '/', ' '];
const PROPERTIES = [
  {},
  { nested: { a: [1, 1.5e300, -0.25, null, true, '\u0000\n\t"\\'], 2: 'two', 1: 'one' } },
  { text: '\ud83e\udd8a \u007f <\u2029>', __proto: 1, 'key "quoted"': '\\' },
];

function oddEvents(): Event[] {
  const base = { ts: T0, type: 'page', userId: 'u', receivedAt: T0, source: 's' };
  const texts = TEXTS.map((text) => ({
    type: text,
    userId: text,
    channel: text,
    campaign: `${text}\\`,
    page: `"${text}`,
    keyId: 'k',
  }));
  const others = [
    { value: -1_000_000_000_000, cost: 0, currency: 'EUR', historical: true as const },
    ...PROPERTIES.map((properties) => ({ properties, element: '\\' })),
  ];
  return [...texts, ...others].map((fields, i) => ({ ...base, ...fields, id: `e${i}` }));
}

test('law 3: a replayed line is the line that was archived', async () => {
  const rig = await createRig(1);
  try {
    await rig.append([FULL_EVENT, ...oddEvents(), ...someEvents(9)]);
    const sent = await rig.log.read(new Map([[0, null]]), { maxEntries: 1_000, waitMs: 0 });
    const archiver = await rig.start({ limits: { ...DEFAULT_LIMITS, waitMs: 0, gatherMs: 0, maxAgeMs: 1_000 } });
    for (let round = 0; round < 3; round++) {
      rig.nowMs += 10_000;
      await archiver.turn();
    }
    const archive = openArchivedEntries({ dataDir: rig.dataDir, logIdentity: rig.log.identity, memoryLimit: '256MB' });
    const placed = (entries: readonly LogEntry[]) => entries.map(({ position, kind, body }) => [position, kind, body]);
    const replayed = (await archive.after(0, null)) ?? [];
    expect(placed(replayed)).toEqual(placed(sent));
    // From within the segment, by the session that is kept.
    expect(placed((await archive.after(0, sent[3]?.position ?? null)) ?? [])).toEqual(placed(sent.slice(4)));
  } finally {
    await rig.close();
  }
});
