/** The worked example of docs/computations.md: its signals, its program, and a crash at any line. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Client } from '@tributary/client/client';
import { expect, test } from 'vitest';
import { type Computed, coViewed, type State } from '../../../docs/examples/co-viewed.ts';
import { VERSIONS } from '../../../docs/examples/recommendations.ts';
import { NOW_MS, tributary } from './fake-shell.ts';

const at = (name: string) => fileURLToPath(new URL(`../../../docs/examples/${name}`, import.meta.url));

/** Views in the order of the stream, which sends the fourth twice, the second time with another number: the store had lost writes. */
const VIEWS = [
  ['anna', 'boots'],
  ['anna', 'socks'],
  ['bo', 'boots'],
  ['bo', 'hat'],
  ['bo', 'hat'],
  ['cy', 'boots'],
  ['cy', 'constructor'],
] as const;

/** The sixth has a number that the fourth had. */
const NUMBERS = [0, 1, 2, 3, 4, 3, 5];

/** The fifth line is the fourth again. */
const tsOf = (line: number) => NOW_MS + (line < 4 ? line : line - 1);

/** A platform that has all views of a user, also those whose lines come later. */
function clientOf(): Pick<Client, 'outputs' | 'userValues'> {
  return {
    async *outputs({ after = '' } = {}) {
      for (let line = Number(after); line < VIEWS.length; line++) {
        const [userKey, item] = VIEWS[line] as (typeof VIEWS)[number];
        const event = { id: `${userKey} ${item}`, type: 'product_view', ts: tsOf(line), properties: { item } };
        yield {
          id: `${line + 1}`,
          type: 'event.enriched',
          data: { userKey, event, n: NUMBERS[line], partition: 3 },
        };
      }
    },
    userValues: (async ({ id, asOf }: { id: string; asOf: number }) => {
      const items = VIEWS.flatMap(([user, item], line) => (user === id && tsOf(line) < asOf ? [{ ts: tsOf(line), item }] : []));
      return { asOf: NOW_MS, values: { lastItems: { value: items.reverse(), status: 'READY', version: VERSIONS.lastItems } } };
    }) as unknown as Client['userValues'],
  };
}

/** What the log keeps: the first event of an id. `crashAt`: after this line was sent, before the state was stored. */
async function compute(log: Map<string, Computed>, stored: { state: string }, crashAt: number): Promise<void> {
  const state = JSON.parse(stored.state) as State;
  const how = { now: () => NOW_MS + 7, signal: new AbortController().signal };
  for await (const event of coViewed(clientOf(), state, how)) {
    if (event !== null && !log.has(event.id)) log.set(event.id, event);
    if (state.after === String(crashAt)) return;
    stored.state = JSON.stringify(state);
  }
}

test('law 3: the example computes the same events once, whatever line it crashes at, and its types are those of its signals', async () => {
  const runs = [];
  for (let crashAt = 0; crashAt <= VIEWS.length; crashAt++) {
    const [log, stored] = [new Map<string, Computed>(), { state: '{"after":"","pairs":{},"heard":[]}' }];
    await compute(log, stored, crashAt);
    await compute(log, stored, 0);
    runs.push({ log: [...log.values()], state: stored.state });
  }
  for (const run of runs) expect(run).toEqual(runs[0]);
  const events = runs[0]?.log ?? [];
  expect(events.map(({ anonymousId, properties }) => `${anonymousId}: ${properties['items']}`)).toEqual([
    'anna: ',
    'anna: ',
    'bo: socks',
    'bo: ',
    'cy: hat socks',
    'cy: ',
  ]);
  expect(JSON.parse(runs[0]?.state ?? '').pairs.boots).toEqual({ socks: 1, hat: 1, constructor: 1 });
  expect(events[2]?.properties).toEqual({ computation: 'coViewed', version: '1', items: 'socks', cause: 'bo boots', lagMs: 5 });
  const argv = ['client', 'generate', '--client', '@tributary/client/client', '--definitions', at('recommendations.yaml')];
  expect((await tributary(argv)).stdout).toBe(readFileSync(at('recommendations.ts'), 'utf8'));
});
