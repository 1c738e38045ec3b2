import { expect, test } from 'vitest';
import { ALLOWED, objection, packageOf } from './import-rules.ts';
import { importsOf, sourceFiles } from './source-files.ts';

const wrong: [file: string, specifier: string, why: RegExp][] = [
  ['packages/model/src/x.ts', '@tributary/views/view', /model may import no other package; not views/],
  ['packages/model/src/x.ts', 'node:crypto', /model does no I\/O of its own/],
  ['packages/views/src/x/fold.ts', 'node:fs', /views does no I\/O of its own/],
  ['packages/attribution/src/x.ts', '@tributary/views/view', /attribution may import model; not views/],
  ['packages/store/src/x.ts', '@tributary/log/port', /store may import model, views; not log/],
  ['packages/runtime/src/x.ts', '@tributary/log/port', /runtime may import model, signals; not log/],
  ['packages/log/src/x.ts', '@tributary/views/view', /not views/],
  ['packages/serving/src/x.ts', '@tributary/api/problem', /not api/],
  ['packages/serving/src/x.ts', '@tributary/runtime/redis/connect', /serving does no I\/O of its own/],
  ['packages/reports/src/x.ts', '@tributary/runtime/redis/connect', /reports does no I\/O of its own/],
  ['packages/serving/src/x.ts', 'node:http', /serving does no I\/O of its own/],
  ['services/speed/src/x.ts', '@tributary/serving/merge', /not serving/],
  ['packages/serving/src/x.ts', '@tributary/reports/question', /not reports/],
  ['packages/reports/src/x.ts', '@tributary/api/http/cursor', /not api/],
  ['packages/reports/src/x.ts', '@tributary/store/speed-store', /not store/],
  ['packages/reports/src/x.ts', 'node:worker_threads', /reports does no I\/O of its own/],
  ['services/speed/src/x.ts', '@tributary/reports/question', /not reports/],
  ['services/api/src/x.ts', '@tributary/speed/pipeline', /not speed/],
  ['jobs/recompute/src/x.ts', '@tributary/archiver/main', /not archiver/],
  ['jobs/recompute/src/x.ts', '@tributary/question/start', /only a main.ts starts another job/],
  ['jobs/question/src/main.ts', '@tributary/recompute/pipeline', /not recompute/],
  ['services/api/src/x.ts', '../../speed/src/pipeline.ts', /stays within its package/],
  ['services/api/src/x.ts', '@tributary/testkit/oracle/naive', /only tests import the test kit/],
  ['packages/log/src/x.ts', '@tributary/log/port', /by relative path/],
  ['packages/log/src/x.ts', '../test/suite.ts', /only tests import tests/],
  ['packages/strange/src/x.ts', '@tributary/model/time', /strange has no row/],
];

test.each(wrong)('%s may not import %s', (file, specifier, why) => {
  expect(objection({ file, specifier })).toMatch(why);
});

test.each([
  ['packages/views/src/x.ts', '@tributary/model/time'],
  ['services/api/src/main.ts', '@tributary/archive/layout'],
  ['services/api/src/main.ts', '@tributary/serving/snapshot'],
  ['services/api/src/x.ts', '@tributary/reports/pipeline'],
  ['jobs/recompute/src/main.ts', '@tributary/question/start'],
  ['packages/reports/src/x.ts', '@tributary/serving/snapshot'],
  ['packages/reports/src/runner/worker.ts', 'node:worker_threads'],
  ['packages/serving/src/snapshot.ts', '@tributary/store/speed-store'],
  ['packages/serving/src/x.ts', '@tributary/runtime/http/fair-share'],
  ['packages/store/src/x.test.ts', '@tributary/testkit/servers/redis-server'],
  ['services/api/test/x.ts', '@tributary/speed/pipeline'],
  ['test/laws/merge.ts', '../../services/speed/src/pipeline.ts'],
  ['packages/model/src/x.test.ts', 'node:crypto'],
  ['packages/views/src/credit/fold.ts', '../view.ts'],
  ['packages/store/src/x.ts', 'ioredis'],
])('%s may import %s', (file, specifier) => {
  expect(objection({ file, specifier })).toBeUndefined();
});

test('every way to write an import is seen', () => {
  const text = [
    "import { a } from 'one';",
    "import type {\n  b,\n  c,\n} from 'two';",
    "import 'three';",
    "export { d } from 'four';",
    "export * from 'five';",
    "const e = await import('six');",
    "type F = import('seven').F;",
    "import g, { h } from 'eight';",
    "const text = 'import of nothing';",
  ].join('\n');
  expect(importsOf('x.ts', text).map(({ specifier }) => specifier)).toEqual(
    expect.arrayContaining(['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight']),
  );
  expect(importsOf('x.ts', text)).toHaveLength(8);
});

test('every package of the repository has a row in the table', () => {
  const packages = new Set(sourceFiles().map(packageOf));
  packages.delete(undefined);
  expect([...packages].filter((name) => ALLOWED[name as string] === undefined)).toEqual([]);
});
