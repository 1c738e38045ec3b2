/** The number of a generation, as it is typed. */
import { UsageError } from '../exit.ts';

export function numberOf(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`a generation must be a whole number from 1 (got "${text}")`);
  return Number(text);
}
