/** A command that writes into the folder of another user would leave what its roles cannot read. */
import { expect, test } from 'vitest';
import { demandOwner } from '../src/owner.ts';
import { temporaryFolder } from './temporary.ts';

test('the user of the folder may, another one is named, and a folder that is not there has none', async () => {
  const folder = temporaryFolder('owned');
  await expect(demandOwner(folder)).resolves.toBeUndefined();
  await expect(demandOwner('/nowhere/data', 7)).resolves.toBeUndefined();
  const own = process.getuid?.() ?? 0;
  await expect(demandOwner(folder, own + 1)).rejects.toThrow(
    `must be run as the user of the data folder, ${own} (got user ${own + 1}, "${folder}")`,
  );
});
