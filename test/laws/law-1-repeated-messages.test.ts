/**
 * Laws 1 and 3 where keys of one person are joined, records lose events, and publishers pass on once more what they had read before: once nothing is on
 * its way, each event counts for one key, the one that links say. The real worker; a publisher repeats itself far more often than in the simulation.
 */
import { type Event, encodeEvent } from '@tributary/model/event';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { pairsInFlight } from '@tributary/serving/freshness/in-flight';
import { createSpeedWorker } from '@tributary/speed/pipeline';
import { sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { createMemoryDisk, createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naiveJoined, naiveJoinedOfPeople } from '@tributary/testkit/oracle/naive-joined';
import { expect, test } from 'vitest';
import { PARTITIONS } from './adoption-actors.ts';
import { linesOf } from './adoption-lines.ts';
import { DEFINITIONS, randomEvent } from './adoption-world.ts';

const MAX_RECORD_LENGTH = 3_000;
const MOST_ROUNDS = 400;

interface Said {
  readonly partition: number;
  readonly body: string;
}

async function play(seed: number): Promise<{ readonly wrong: readonly string[]; readonly repeated: number }> {
  const random = createRandom(seed);
  const disk = createMemoryDisk(seed % 2 === 0);
  const log = createMemoryLog({ partitions: PARTITIONS, disk });
  const store = createMemoryStore({ partitions: PARTITIONS });
  const outbox = store.outbox(undefined, 'messages');
  let commits = 0;
  const start = () =>
    createSpeedWorker({
      ...{ log, store: store.speed(), definitions: DEFINITIONS, partitions: [0, 1, 2], sha256Hex, digestOf: sha256Hex },
      commitId: () => `c${++commits}`,
      limits: { waitMs: 0, maxRecordLength: MAX_RECORD_LENGTH, trimRecordLength: 1 },
    });
  let worker = start();
  const work = async () => {
    while ((await worker.runOnce()) > 0);
    await worker.settle();
  };
  const append = ({ partition, body }: Said) => log.append(partition, { kind: 'events', body });
  const said: Said[] = [];
  let repeated = 0;

  /** Some of what waits. Where it is not removed, it comes again. */
  async function relay(removes: () => boolean): Promise<number> {
    let relayed = 0;
    for (let from = 0; from < PARTITIONS; from++) {
      const read = await outbox.read(from, random.between(1, 30));
      const byTarget = Map.groupBy(read.lines, (line) => partitionOf(userKeyOf(JSON.parse(line) as Event), PARTITIONS));
      for (const [partition, lines] of byTarget) {
        const one = { partition, body: lines.join('\n') };
        await append(one);
        if (random.chance(0.3)) said.push(one);
      }
      if (read.lines.length > 0 && removes()) await outbox.remove(from, read.from + read.lines.length);
      relayed += read.lines.length;
    }
    return relayed;
  }

  let sent = 0;
  for (let round = random.between(6, 30); round > 0; round--) {
    for (let left = random.between(1, 10); left > 0; left--) {
      const event = { ...randomEvent(random, sent), id: `e${sent++}` };
      await append({ partition: partitionOf(userKeyOf(event), PARTITIONS), body: encodeEvent(event) });
    }
    if (random.chance(0.7)) await work();
    if (random.chance(0.8)) await relay(() => random.chance(0.7));
    // One that slept passes on what it had read, in its order.
    const again = random.chance(0.25) ? said.slice(-random.between(1, 4)) : [];
    for (const one of again) await append(one);
    repeated += again.length;
    if (random.chance(0.1)) worker = start();
    if (random.chance(0.5)) await work();
  }
  await work();
  for (let rounds = 0; rounds < MOST_ROUNDS && (await relay(() => true)) > 0; rounds++) await work();
  const states = await store.serving().states();
  expect(pairsInFlight(states), `seed ${seed}: messages on their way`).toBe(0);
  const upTo = states.map((state) => state?.position ?? '');
  const lines = linesOf(disk);
  return {
    wrong: differences(naiveJoined(lines, upTo, DEFINITIONS, sha256Hex), naiveJoinedOfPeople(lines, upTo, DEFINITIONS)),
    repeated,
  };
}

// In each of these a key took back an event that it had lost, and was lent again.
test.each([13, 29, 1_009])(
  'laws 1 and 3: where publishers repeat messages about events that records lost, each event counts for one key (seed %i)',
  async (seed) => {
    const { wrong, repeated } = await play(seed);
    expect(wrong).toEqual([]);
    expect(repeated).toBeGreaterThan(0);
  },
  120_000,
);
