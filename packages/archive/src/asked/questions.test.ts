import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cancelQuestion, createQuestion, keepResult, type QuestionResult, questionFolder, readQuestion } from './questions.ts';

test('law 7: what an answer of the archive left out stays in its file, as all else', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'tributary-questions-'));
  try {
    const id = 'abcd1234-0123abcd';
    await createQuestion(dir, { id, lookbackDays: 60, windowDays: {}, by: 'a test', askedAt: 1 });
    const of = { generation: 1, cut: 2, definitions: '{}', definitionsVersion: 'v', views: {} };
    const result: QuestionResult = { ...of, leftOut: ['pathsByPartition'], events: 4, tookMs: 80, at: 3, failure: null };
    expect(await keepResult(dir, id, result)).toBe(true);
    expect((await readQuestion(dir, id))?.result).toEqual(result);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test('law 7: what was computed for a question goes when it is given up, and stays while a writer may be at work', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'tributary-questions-'));
  try {
    const id = 'abcd1234-0123abcd';
    await createQuestion(dir, { id, lookbackDays: 60, windowDays: {}, by: 'a test', askedAt: 1 });
    const folder = join(dir, questionFolder(id));
    const computed = ['comparison-a.json', 'rows-a.ndjson', 'view-paths-a.parquet'];
    for (const name of computed) await writeFile(join(folder, name), '');
    await cancelQuestion(dir, id, 2);
    expect((await readdir(folder)).sort()).toEqual(['asked.json', 'cancelled.json', ...computed]);
    const of = { generation: 1, cut: 2, definitions: '{}', definitionsVersion: 'v', views: {} };
    expect(await keepResult(dir, id, { ...of, events: 4, tookMs: 80, at: 3, failure: null })).toBe(true);
    await cancelQuestion(dir, id, 4);
    expect((await readdir(folder)).sort()).toEqual(['asked.json', 'cancelled.json', 'result.json']);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
