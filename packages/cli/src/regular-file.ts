/** What can be read more than once. */
import { stat } from 'node:fs/promises';

/** False for pipes, devices and folders, and where there is nothing: opening it says what is wrong. */
export async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false;
}
