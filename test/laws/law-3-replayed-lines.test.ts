/** Events that come back from the archive are the lines that the log had, to the last character: users' records are made of them. */
import { DEFAULT_LIMITS } from '@tributary/archiver/pipeline';
import { placesOf } from '@tributary/log/line-places';
import type { Event } from '@tributary/model/event';
import { FULL_EVENT } from '@tributary/testkit/inputs/full-event';
import { expect, test } from 'vitest';
import { openArchivedEntries } from '../../services/speed/src/read/archived-entries.ts';
import type { ReadEntry } from '../../services/speed/src/read/decode.ts';
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

/** Each line at its place, in order. */
function placed(entries: readonly ReadEntry[]) {
  return entries.flatMap((entry) => {
    const placeOf = placesOf(entry);
    return entry.body.split('\n').map((line, i) => ({ ...placeOf(entry.lineNumbers?.[i] ?? i), kind: entry.kind, text: line }));
  });
}

test.each([
  { isApart: false, mostAggregatedBytes: 1e6 },
  { isApart: true, mostAggregatedBytes: 1e6 },
  { isApart: false, mostAggregatedBytes: 0 },
  { isApart: true, mostAggregatedBytes: 0 },
])(
  'law 3: a replayed line is the line that was archived, at its place; each at its own: $isApart, $mostAggregatedBytes bytes joined',
  async ({ isApart, mostAggregatedBytes }) => {
    let asked = 0;
    const rig = await createRig(1, undefined, isApart ? () => ++asked % 3 > 0 : undefined);
    try {
      await rig.append([FULL_EVENT, ...oddEvents(), ...someEvents(9)]);
      const read = (after: string | null) => rig.log.read(new Map([[0, after]]), { maxEntries: 1_000, waitMs: 0 });
      const sent = await read(null);
      const archiver = await rig.start({ limits: { ...DEFAULT_LIMITS, waitMs: 0, gatherMs: 0, maxAgeMs: 1_000 } });
      for (let round = 0; round < 3; round++) {
        rig.nowMs += 10_000;
        await archiver.turn();
      }
      const archive = openArchivedEntries({
        ...{ dataDir: rig.dataDir, logIdentity: rig.log.identity },
        mostAggregatedBytes,
      });
      const replayed = async (after: string | null) => placed((await archive.after(0, after)) ?? []);
      const all = placed(sent);
      expect(await replayed(null)).toEqual(all);
      // From within the segment, by the session that is kept; where each line has a position, also from within an entry of the archiver.
      for (const after of isApart ? all.slice(3, 12).map(({ position }) => position) : [sent[3]?.position ?? null])
        expect(await replayed(after)).toEqual(all.filter(({ position }) => position > (after ?? '')));
    } finally {
      await rig.close();
    }
  },
);
