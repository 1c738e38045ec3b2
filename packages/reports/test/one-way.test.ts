/** The stages of a report know those before them, never those after. */
import { expect, test } from 'vitest';
import { importsOf, sourceFiles, textOf } from '../../../infra/checks/source-files.ts';

const SRC = 'packages/reports/src/';
/** Folders and files of `src`, in the order of the pipeline. */
const STAGES = [
  'row-keys.ts',
  'sums.ts',
  'hand-down.ts',
  'window.ts',
  'periods.ts',
  'journeys',
  'models',
  'question.ts',
  'counts',
  'unknown-values.ts',
  'runner',
  'credit',
  'rows',
  'pipeline.ts',
  'paths',
  'explain.ts',
  'web',
];

const stageOf = (path: string): number => STAGES.indexOf(path.split('/')[0] as string);

test('what a question meets first knows nothing of what it meets later', () => {
  const files = sourceFiles().filter((file) => file.startsWith(SRC));
  expect(files.length).toBeGreaterThan(30);
  expect(files.filter((file) => stageOf(file.slice(SRC.length)) < 0)).toEqual([]);
  const back = files.flatMap((file) =>
    importsOf(file, textOf(file)).flatMap(({ specifier }) => {
      if (!specifier.startsWith('.')) return [];
      const target = new URL(specifier, `file:///${file}`).pathname.slice(SRC.length + 1);
      return stageOf(target) > stageOf(file.slice(SRC.length)) ? [`${file} imports ${target}`] : [];
    }),
  );
  expect(back).toEqual([]);
});
