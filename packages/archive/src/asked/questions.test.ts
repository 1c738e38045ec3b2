import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createQuestion, keepResult, type QuestionResult, readQuestion } from './questions.ts';

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
