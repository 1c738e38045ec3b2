/** Answers while keys come to be joined, by an API that looks at the states seldom: none calls itself complete that lacks what a link says. */
import { storedDefinitions } from '@tributary/model/definitions';
import { SURELY_APART_MS } from '@tributary/model/identity/first-second';
import { partitionOf } from '@tributary/model/user-key';
import { onceJoined } from '@tributary/speed/messages/once-joined';
import { relayLog } from '@tributary/speed/messages/relay-log';
import { createSpeedWorker } from '@tributary/speed/pipeline';
import { sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { APART, AT, keyIn, PARTITIONS, writesInto } from '@tributary/testkit/inputs/joined-keys';
import { createRandom } from '@tributary/testkit/inputs/random';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { expect, test } from 'vitest';
import { createSpeedBoard } from '../../packages/serving/src/freshness/speed-board.ts';
import { createRecordReader } from '../../services/api/src/http/record-reader.ts';

const STEP_MS = 100;
const STEPS = 220;

const [ADA, COOKIE] = [keyIn(0, 'ada'), keyIn(1, 'cookie')];

async function joinedMeanwhile(seed: number) {
  const random = createRandom(seed);
  let nowMs = 10_000;
  const log = createMemoryLog({ partitions: 2 });
  const store = createMemoryStore({ partitions: 2 });
  let commits = 0;
  const start = () =>
    createSpeedWorker({
      ...{ log, store: store.speed(), definitions: APART, partitions: PARTITIONS, sha256Hex, digestOf: sha256Hex },
      commitId: () => `c${++commits}`,
      limits: { waitMs: 0, maxEntries: random.between(1, 3) },
      now: () => nowMs,
    });
  const outbox = store.outbox(undefined, 'messages');
  const serving = store.serving();
  const relay = onceJoined(relayLog(log), async () => (await serving.states()).map((state) => state?.definitions ?? null));
  const board = createSpeedBoard(
    {
      ...{ store: serving, partitions: 2, now: () => nowMs, defaultDefinitions: APART, limits: { patienceMs: 1e9 } },
      storedDefinitions: (json: string) => storedDefinitions(json, sha256Hex),
      logReach: { ends: async () => [], starts: async () => [], ageAfter: async () => new Map() },
      onWarning: () => {},
    } as unknown as Parameters<typeof createSpeedBoard>[0],
    { current: () => ({ wanted: null, served: null, manifest: null }) } as unknown as Parameters<typeof createSpeedBoard>[1],
  );
  const reader = createRecordReader(serving, {
    ...board,
    partitions: 2,
    now: () => AT + 1_000,
  });
  const { say, barrier } = writesInto(log);

  await say(1, { anonymousId: COOKIE });
  const first = random.pick(PARTITIONS);
  const firstAt = random.below(30);
  const otherAt = firstAt + random.pick([0, random.below(80)]);
  // Behind the barrier of its partition.
  const linkAt = (first === 0 ? firstAt : otherAt) + random.pick([0, random.below(20), random.below(60)]);
  let link: string | undefined;
  let worker = start();
  const seen = { early: 0, incomplete: 0, joined: 0 };
  for (let step = 0; step < STEPS; step++) {
    if (step === firstAt) await barrier(first);
    if (step === otherAt) await barrier(1 - first);
    if (step === linkAt) link = await say(0, { type: 'identify', userId: ADA, anonymousId: COOKIE });
    if (random.chance(0.02)) worker = start();
    await worker.runOnce();
    if (random.chance(0.7)) await worker.settle();
    for (const partition of PARTITIONS) {
      const { from, lines } = await outbox.read(partition, 100);
      if (lines.length === 0) continue;
      const isSent = await relay.append(partition, { kind: 'events', body: lines.join('\n') }).catch(() => null);
      if (isSent !== null) await outbox.remove(partition, from + lines.length);
    }
    // As seldom as it may, or not at all: what is older is looked at again by the reader.
    if (seed % 3 > 0 && step % (SURELY_APART_MS / STEP_MS) === seed % 7) await board.poll();
    const before = (await serving.states())[0]?.position ?? '';
    const asked = random.pick([ADA, COOKIE]);
    const answer = await reader.read('asker', [{ partition: partitionOf(asked, 2), userKey: asked }], ([record], [key]) => ({
      ids: [...String(record ?? '').matchAll(/"id":"([^"]*)"/g)].map(([, id]) => id).sort(),
      isComplete: (key as { readonly inFlight?: readonly unknown[] }).inFlight === undefined,
    }));
    nowMs += STEP_MS;
    if (!answer.isComplete) {
      seen.incomplete++;
      continue;
    }
    const isRead = link !== undefined && before >= link;
    if (isRead) seen.joined++;
    else seen.early++;
    const alone = asked === ADA ? [] : ['e1'];
    expect(answer.ids, `seed ${seed}, step ${step}: ${asked}`).toEqual(isRead ? ['e1', 'e2'] : alone);
  }
  return seen;
}

test('law 7: an answer says that it is complete once it has all that a link says, however long ago the API looked at the states', async () => {
  const total = { early: 0, incomplete: 0, joined: 0 };
  for (let seed = 0; seed < 25; seed++) {
    const seen = await joinedMeanwhile(seed);
    for (const name of ['early', 'incomplete', 'joined'] as const) total[name] += seen[name];
  }
  for (const name of ['early', 'incomplete', 'joined'] as const) expect(total[name], name).toBeGreaterThan(100);
});
