/** What a role with a server of plain HTTP loads. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const FILE = fileURLToPath(new URL('./create-server.ts', import.meta.url));

function loadedWith(code: string): string[] {
  const { stdout } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', `${code}; console.log(process.moduleLoadList.join('\\n'))`],
    {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] },
    },
  );
  return stdout.split('\n').filter((name) => / (?:_http_server|internal\/deps\/undici\/.*)$/.test(name));
}

test('a server comes without the client of Node, which an import brings', () => {
  expect(loadedWith(`import ${JSON.stringify(FILE)}`)).toEqual(['NativeModule _http_server']);
  expect(loadedWith("import 'node:http'")).toContain('NativeModule internal/deps/undici/undici');
});
