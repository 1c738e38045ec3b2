/** A file from its bytes to a collector, by another caller than the command line. */
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createRowReader } from '../src/csv/csv-events.ts';
import { resolveMap } from '../src/csv/csv-map.ts';
import { createOccurrenceIds } from '../src/events/occurrences.ts';
import { InputFailure } from '../src/failures.ts';
import { csvRows } from '../src/files/csv-rows.ts';
import { openInput } from '../src/files/open-input.ts';
import { createLoad } from '../src/sending/load.ts';
import { createSender } from '../src/sending/sender.ts';

const OPTIONS = {
  type: 'purchase',
  touchType: 'ad_click',
  conversionType: 'purchase',
  currency: 'EUR',
  costs: new Map(),
  times: undefined,
  minor: false,
  decimalMark: '.',
} as const;

/** Sends the rows of a table through a `fetch` that answers with these statuses, then with 200. */
async function sent(table: string, ...statuses: number[]) {
  const batches: { readonly id: string; readonly value: number }[][] = [];
  const waits: number[] = [];
  const sender = createSender({
    url: 'http://collector.example',
    path: '/v1/events',
    key: 'k',
    fetch: async (_, init) => {
      const { batch } = JSON.parse(gunzipSync(init?.body as Uint8Array).toString()) as { batch: (typeof batches)[number] };
      const status = statuses.shift() ?? 200;
      if (status === 200) batches.push(batch);
      return Response.json(status === 200 ? { accepted: batch.length, rejected: [] } : { code: 'overloaded' }, { status });
    },
    sleep: async (ms) => void waits.push(ms),
    now: () => 0,
    onTrouble: () => {},
    onProgress: () => {},
  });
  const load = createLoad(sender, async () => null);
  let read: ReturnType<typeof createRowReader> | undefined;
  for await (const { fields } of csvRows(bytesOf(table), undefined, () => {})) {
    if (read === undefined)
      read = createRowReader(resolveMap('user=who,time=at,value=paid', fields), OPTIONS, createOccurrenceIds());
    else {
      const row = read(fields);
      if (row.ok) for (const event of row.value) await load.add(event);
    }
  }
  return { totals: await load.finish(), batches, waits };
}

const TABLE = 'who,at,paid\nana,2026-11-01,19.99\nbo,2026-11-02,5\nana,2026-11-01,19.99\n';

test('law 3: the same table gives the same ids, equal rows two, and a refusal that may pass sends nothing twice', async () => {
  const once = await sent(TABLE);
  expect(once.totals).toMatchObject({ sent: 3, accepted: 3, rejected: 0, retries: 0 });
  expect(once.batches.flat().map(({ value }) => value)).toEqual([1_999, 500, 1_999]);
  expect(new Set(once.batches.flat().map(({ id }) => id)).size).toBe(3);
  const again = await sent(TABLE, 503, 429);
  expect(again.batches).toEqual(once.batches);
  expect(again.waits).toHaveLength(2);
});

test('what ends it says whose it is to act', async () => {
  await expect(sent(TABLE, 401)).rejects.toMatchObject({ code: 'invalid_write_key', kind: 'failed' });
  const missing = Object.assign(new Error('no such file'), { code: 'ENOENT', syscall: 'open' });
  const failure = await openInput({ stdin: failing(missing), open: () => failing(missing) }, 'a.csv')
    .next()
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(InputFailure);
  expect(failure).toMatchObject({ code: 'ENOENT', kind: 'usage', message: 'cannot read "a.csv": the file does not exist' });
});

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

function failing(error: Error): AsyncIterable<Uint8Array> {
  return new ReadableStream<Uint8Array>({ start: (controller) => controller.error(error) });
}
