/** Messages between keys where one is missing: the log acknowledged it, and lost it. */
import { storedDefinitions } from '@tributary/model/definitions';
import { encodeMessage, messageNumber } from '@tributary/model/identity/message-line';
import { JOINING } from '@tributary/model/identity/rules';
import { createSpeedWorker } from '@tributary/speed/pipeline';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** As a barrier would be once users may write such definitions. */
beforeAll(() => {
  JOINING.isOpen = true;
});
afterAll(() => {
  JOINING.isOpen = false;
});

const PLAIN = definitionsOf({ ...SMALL_DEFINITIONS, signalRetention: { days: 90, perUser: 20 } });
const JOINED = storedDefinitions(
  JSON.stringify({ ...(JSON.parse(PLAIN.json) as object), rules: 7, identity: { days: 30 } }),
  sha256Hex,
);

const numberOf = (n: number) => (n === 0 ? '' : messageNumber('1.0000000', n));
const said = (n: number) =>
  encodeMessage(
    { kind: 'link', to: 'cookie', link: { id: `ada\nat ${n}`, to: 'ada', ts: 1_000, version: `${n}`, receivedAt: 1_000 } },
    { from: 0, number: numberOf(n), after: numberOf(n - 1) },
  );

test('law 7: the last message that was applied is the one before the first that is missing, until that comes', async () => {
  const log = createMemoryLog({ partitions: 1 });
  const store = createMemoryStore({ partitions: 1 });
  let commits = 0;
  const worker = createSpeedWorker({
    ...{ log, store: store.speed(), definitions: JOINED, partitions: [0], sha256Hex, digestOf: sha256Hex },
    commitId: () => `c${++commits}`,
    limits: { waitMs: 0 },
  });
  const appliedAfter = async (...numbers: number[]) => {
    await log.append(0, { kind: 'events', body: numbers.map(said).join('\n') });
    while ((await worker.runOnce()) > 0);
    await worker.settle();
    return (await store.serving().states())[0]?.relayed?.applied[0];
  };
  expect(await appliedAfter(1)).toBe(numberOf(1));
  expect(await appliedAfter(3, 1)).toBe(numberOf(1));
  expect(await appliedAfter(2, 3)).toBe(numberOf(3));
  expect(await appliedAfter(1, 2)).toBe(numberOf(3));
});
