import { expect, test } from 'vitest';
import { tributary } from './fake-shell.ts';

test('a file without a log line: exit 1 and the reason; one line of a log is enough for exit 0', async () => {
  const read = (input: string) => tributary(['import', 'access-log', '-', '--dry-run'], { input });
  const line = '1.2.3.4 - - [20/May/2015:12:05:17 +0000] "GET / HTTP/1.1" 200 5 "-" "Mozilla/5.0"';
  expect(await read('a,b\n1,2\n')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no line of "-" is in the combined log'),
  });
  expect(await read(`a,b\n${line}\n`)).toMatchObject({ code: 0, stderr: expect.not.stringContaining('no line of') });
  expect(await read('')).toMatchObject({ code: 0, stderr: expect.not.stringContaining('no line of') });
});
