/** What bounds the buffers of a DuckDB session, where it is given as a text. */
import type { Wrong } from '@tributary/runtime/config/setting';

/** Powers of 1000 and 1024 by the letter of the unit. */
const UNITS = ['K', 'M', 'G', 'T'];
/** Less holds no row group; more than any machine has is a slip. */
const MEMORY = { least: 64e6, most: 16e12 };

/** As DuckDB reads it. */
export function memoryRule(text: string): Wrong | undefined {
  const [, number, letter = '', binary] = /^([1-9]\d{0,8}(?:\.\d{1,3})?) ?([KMGT])(i?)B$/i.exec(text) ?? [];
  if (number === undefined)
    return { must: 'be an amount of memory such as 768MB', fix: 'Write a number and its unit: KB, MB, GB, KiB, MiB or GiB.' };
  const bytes = Number(number) * (binary === '' ? 1_000 : 1_024) ** (UNITS.indexOf(letter.toUpperCase()) + 1);
  if (bytes >= MEMORY.least && bytes <= MEMORY.most) return undefined;
  return { must: 'be from 64MB to 16TB', fix: 'Write as much as this process may have, such as 768MB.' };
}
