/** Workers of two versions, one of which counts a view that the other does not know, take turns at a partition. */
import { encodeEvent } from '@tributary/model/event';
import { countedSince, notCounted } from '@tributary/store/counted-views';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';
import { createSpeedWorker } from '../src/pipeline.ts';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);
const TS = 1_794_650_000_000;
const OLDER = VIEWS.filter(({ name }) => name !== 'coalitions');

test('law 7: from a worker that does not count a view to the next generation that another begins, it is not counted, also after a return', async () => {
  const log = createMemoryLog({ partitions: 1 });
  const store = createMemoryStore({ partitions: 1 });
  let commits = 0;
  const worked = async (views: typeof VIEWS, barrier?: number) => {
    const id = String(++commits);
    const event = { ts: TS, type: 'buy', id, userId: 'ana', receivedAt: TS, source: 'test', value: 1 };
    await log.append(0, { kind: 'events', body: encodeEvent(event) });
    const body = JSON.stringify({ generation: barrier, definitions: DEFINITIONS.json });
    if (barrier !== undefined) await log.append(0, { kind: 'barrier', body });
    const worker = createSpeedWorker({
      ...{ log, store: store.speed(), definitions: DEFINITIONS, partitions: [0], views, sha256Hex, digestOf: sha256Hex },
      ...{ commitId: () => `c${++commits}`, limits: { waitMs: 0 } },
    });
    for (let idle = 0; idle < 3; ) idle = (await worker.runOnce()) === 0 ? idle + 1 : 0;
    await worker.settle();
    const states = await store.serving().states();
    return [0, 1, 2, 3].map((generation) =>
      notCounted(states, VIEWS, generation)
        .map(({ view }) => view.name)
        .join(),
    );
  };
  // What each generation of 0 to 3 lacks since its cut; a partition adds nothing to one whose cut it did not reach.
  expect(await worked(OLDER)).toEqual(['coalitions', '', '', '']);
  expect(await worked(VIEWS)).toEqual(['coalitions', '', '', '']);
  expect(await worked(VIEWS, 1)).toEqual(['coalitions', '', '', '']);
  expect(await worked(OLDER)).toEqual(['coalitions', 'coalitions', '', '']);
  expect(await worked(OLDER, 2)).toEqual(['coalitions', 'coalitions', 'coalitions', '']);
  expect(await worked(VIEWS)).toEqual(['coalitions', 'coalitions', 'coalitions', '']);
  expect(await worked(VIEWS, 3)).toEqual(['coalitions', 'coalitions', 'coalitions', '']);
});

test('law 7: a view that came after workers began to note what they count is not counted where nothing is noted', () => {
  const state = { position: '1', logIdentity: 'log', logTimeMs: 0, generation: 3, definitions: '' };
  const isCounted = (name: string) => countedSince(state, { name }) === 0;
  expect(['activity', 'coalitions', 'pages'].filter(isCounted)).toHaveLength(3);
  expect(
    ['orderNumbers', 'sessions', 'exits', 'sessionValues', 'scrollBands', 'scrollReach', 'whatComesNext'].filter(isCounted),
  ).toEqual([]);
});
