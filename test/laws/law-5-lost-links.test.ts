/** Law 5: whose an event is that its key had lost before links came, or ceased to count, both layers say alike. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adopt } from '@tributary/archive/compute/adopt';
import { openDuckDb } from '@tributary/archive/duckdb';
import { type Relayed, type Sent, timelinesOfLines } from '@tributary/testkit/oracle/naive-identity';
import { expect, test } from 'vitest';
import { MOST_OF_DAY, randomOf, simulate, WINDOW_MS } from './identity-simulation.ts';

const SEEDS = 40;

/** As the archive has the lines of a run: `of` is a part of its keys, which are others than those of other runs. */
function rowsOf(of: number, sent: readonly Sent[], relayed: readonly Relayed[]) {
  const name = (key: string) => `${of}:${key}`;
  const own = sent.flatMap((one) =>
    one.kind === 'event'
      ? [{ user_key: name(one.key), ts: one.ts, id: one.id, type: 'click', received_at: 0, is_known: one.isUsers, said: null }]
      : [],
  );
  const messages = relayed.map(({ kind, key, id, ts, path, user, isMerge, version, receivedAt, floor, held }, i) => {
    const said = {
      link: { id: `${of}:${id}`, to: name(user), version, floor, held, ...(isMerge && { merges: true }) },
      unlink: { from: name(user), version, floor },
      put: { id, path: path.map(name), version },
      take: { id, path: path.map(name), version },
      withdraw: {},
    }[kind];
    const type = kind === 'put' ? 'click' : `tributary.${kind}`;
    return { user_key: name(key), ts, id: `m${i}`, type, received_at: receivedAt, is_known: true, said: JSON.stringify(said) };
  });
  return [...own, ...messages];
}

test('law 5: what keys had lost as links came, and as others ceased to count, belongs to whom the lines say, in the batch layer', async () => {
  const rows: unknown[] = [];
  const wanted: string[] = [];
  let held = 0;
  for (let seed = 0; seed < SEEDS; seed++)
    held += simulate(randomOf(seed), 120, {
      loses: true,
      atEnd({ sent, relayed }) {
        rows.push(...rowsOf(seed, sent, relayed));
        for (const [key, all] of timelinesOfLines(sent, relayed, WINDOW_MS, undefined, MOST_OF_DAY))
          wanted.push(...all.map(({ id }) => `${seed}:${key} ${id}`));
      },
    }).held;
  expect(held).toBeGreaterThan(10);

  const dir = await mkdtemp(join(tmpdir(), 'tributary-lost-'));
  const session = await openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: dir });
  try {
    await session.run(
      `CREATE TABLE everything AS SELECT unnest(from_json($rows::JSON,
        '[{"user_key":"VARCHAR","ts":"BIGINT","id":"VARCHAR","type":"VARCHAR","received_at":"BIGINT","is_known":"BOOLEAN","said":"VARCHAR"}]'), recursive := true)`,
      { rows: JSON.stringify(rows) },
    );
    await adopt(session, WINDOW_MS, MOST_OF_DAY);
    const adopted = await session.rows("SELECT user_key, id FROM adopted WHERE type = 'click'");
    expect(adopted.map(({ user_key, id }) => `${String(user_key)} ${String(id)}`).sort()).toEqual(wanted.sort());
  } finally {
    await session.close();
    await rm(dir, { recursive: true, force: true });
  }
});
