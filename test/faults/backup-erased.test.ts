/** Users who are erased after a backup was taken: what it is restored to refuses them. */
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditDataFolder } from '@tributary/archive/audit/audit';
import { backUp } from '@tributary/archive/backup/backup';
import { eraseAgain, takeReceipts } from '@tributary/archive/backup/erase-again';
import { restore } from '@tributary/archive/backup/restore';
import { digestsBy, erasureKey } from '@tributary/archive/erasure-key';
import { createReceipt, newReceipt, type Receipt, readReceipt, receiptIds, writeReceipt } from '@tributary/archive/erasures';
import { erasedBehind, readForgotten, settleForgotten, writeForgotten } from '@tributary/archive/forgotten';
import { createGeneration, listGenerations, readGeneration, writeGeneration } from '@tributary/archive/generations';
import { publish } from '@tributary/archive/publications';
import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import { expect, onTestFinished, test } from 'vitest';
import { createRig, someEvents } from './archiver-rig.ts';

test('law 9: users whom receipts name, those of elsewhere too, are refused from the first start of a restored folder on', async () => {
  const rig = await createRig();
  const away = await mkdtemp(join(tmpdir(), 'tributary-away-'));
  onTestFinished(async () => {
    await rig.close();
    await rm(away, { recursive: true, force: true });
  });
  const { dataDir } = rig;
  const archiver = await rig.start();
  await rig.append(someEvents(30, 0));
  await rig.barrier(1);
  await archiver.turn();
  const digestOf = digestsBy(await erasureKey(dataDir));
  const created = await createGeneration(dataDir, pendingGeneration({ json: '{"a":1}', version: 'v' }));
  const ends = await Promise.all([0, 1, 2].map(async (partition) => (await rig.segments(partition)).at(-1)?.upTo ?? ''));
  const cut = { lastSegment: [0, 0, 0], cut: ends };
  await writeGeneration(dataDir, { ...created, ...cut, state: 'computed', computedAt: 2, erased: [digestOf('known')] });
  await publish(dataDir, 0, { generation: 1, action: 'publish', held: false, at: 1, by: 'test' });
  const receipt = async (user: string, changes: Partial<Receipt>): Promise<Receipt> => {
    const asked = { partition: 1, digest: digestOf(user), askedAt: 1_795_000_000_000, by: 'test', reason: null };
    const made = { ...newReceipt(asked), ...changes };
    await createReceipt(dataDir, made);
    return made;
  };
  const at = (position: string) => ({ recorded: { at: 1, position } });
  await receipt('known', at(ends[1] as string));
  const backup = join(away, 'backup');
  const note = await backUp({ dataDir, target: backup, nowMs: 5, definitionsFile: null });
  expect(note.receipts).toBe(1);

  const put = (erasures: string | null, to = 'new') => restore({ backup, dataDir: join(away, to), nowMs: Date.now(), erasures });
  // Nothing is restored before somebody said where receipts of since are; the backup itself is an answer.
  await expect(put(null)).rejects.toMatchObject({
    code: 'invalid_query',
    message: expect.stringMatching(/^--erasures must name receipts .* 1970-01-01T00:00:00.005Z/),
  });
  await mkdir(join(away, 'empty'));
  await expect(put(join(away, 'empty'))).rejects.toThrow('it lacks the folder "erasures"');
  await expect(put(join(backup, 'backup.json'))).rejects.toThrow('it is not a folder). Name another one.');
  await cp(join(dataDir, 'erasures'), join(away, 'other/erasures'), { recursive: true });
  await writeFile(join(away, 'other/erasure-key.json'), `{"key":"${'0'.repeat(64)}"}`);
  await expect(put(join(away, 'other'))).rejects.toThrow('is of another platform');
  expect(await readdir(join(away, 'new'))).toEqual([]);
  expect(await put(backup)).toMatchObject({ erasedAgain: { users: 0, withoutGenerations: false } });
  expect([await listGenerations(join(away, 'new')), await readForgotten(join(away, 'new'))]).toEqual([[1], undefined]);

  // Since then: one whose record is behind the archive, one whose record may not be there, and two who were lifted: one before the backup ended.
  const gone = await receipt('gone', at(`${ends[1]}9`));
  const asked = await receipt('asked', { recorded: null });
  const lifted = { at: 2, by: 'test' };
  await receipt('back', { ...at(`${ends[1]}9`), lifted });
  await receipt('long back', { ...at(ends[1] as string), lifted });
  const away2 = join(away, 'second');
  expect(await put(dataDir, 'second')).toMatchObject({ erasedAgain: { users: 3, withoutGenerations: true } });
  expect(await listGenerations(away2)).toEqual([]);
  const forgotten = await readForgotten(away2);
  expect(forgotten).toMatchObject({
    // Where the record of one may lie anywhere, no state of the partition is sure to know it.
    ...{ lastSegment: cut.lastSegment, cut: [ends[0], '~', ends[2]] },
    searchedAt: null,
    erased: [digestOf('asked'), digestOf('gone')].sort(),
    lifted: { [digestOf('back')]: { position: ends[1] } },
    partitions: { [digestOf('gone')]: [1] },
  });
  expect(Object.keys(forgotten?.lifted ?? {}).length).toBe(1);
  // A state that has passed the cut of the first generation knows of all: a user who is lifted by that is not erased once more as it is loaded again.
  const later = `${ends[1]}99`;
  expect((await erasedBehind(away2, 1, later))?.erased).toContain(digestOf('gone'));
  await settleForgotten(away2, { cut: [ends[0] as string, later, ends[2] as string] });
  expect(await erasedBehind(away2, 1, later)).toBeNull();
  expect((await readForgotten(away2))?.cut).toEqual([ends[0], later, ends[2]]);
  expect((await receiptIds(away2)).length).toBe(5);
  expect(digestsBy(await erasureKey(away2))('gone')).toBe(gone.digest);

  // The copy of a receipt that says more counts, whichever is named; and what files lacked before stays.
  await writeReceipt(dataDir, { ...gone, lifted });
  await takeReceipts(away2, dataDir);
  await writeReceipt(dataDir, gone);
  await takeReceipts(away2, dataDir);
  expect(await readReceipt(away2, gone.id)).toEqual({ ...gone, lifted });
  await writeForgotten(away2, { ...cut, generation: 7, erased: [digestOf('before')], lifted: {}, searchedAt: 4, ofCut: true });
  const audit = await auditDataFolder({ dataDir: away2, nowMs: 5, depth: { quick: true } });
  expect(await eraseAgain(away2, audit, null)).toEqual({ users: 4, withoutGenerations: false });
  expect(await readForgotten(away2)).toMatchObject({
    generation: 7,
    searchedAt: null,
    erased: [digestOf('asked'), digestOf('before'), digestOf('known')].sort(),
    lifted: { [digestOf('back')]: {}, [digestOf('gone')]: {} },
  });
  expect(await readForgotten(away2)).not.toHaveProperty('ofCut');
  // Without that one, a state knows from the record on: a store that is newer than the backup may not have read it.
  const third = join(away, 'third');
  await rm(join(dataDir, 'erasures', `${asked.id}.json`));
  await put(dataDir, 'third');
  expect((await readForgotten(third))?.cut).toEqual([ends[0], `${ends[1]}9`, ends[2]]);
  expect((await readGeneration(dataDir, 1)).erased).toEqual([digestOf('known')]);
});
