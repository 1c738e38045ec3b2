import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { freePort, releasePort } from './free-port.ts';

const MODULE = new URL('./free-port.ts', import.meta.url).href;

it('gives a port to one process at a time, though nothing listens on it', async () => {
  const port = await freePort();
  const takenByAnother = async () => {
    const program = `import { take } from '${MODULE}'; console.log(await take(${port}));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
    return stdout.trim();
  };
  expect(await takenByAnother()).toBe('false');
  releasePort(port);
  expect(await takenByAnother()).toBe('true');
});
