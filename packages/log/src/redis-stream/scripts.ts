/** The log's atomic operations on Redis; each file is headed by its KEYS, ARGV and returns. */
import { readFileSync } from 'node:fs';

const load = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');

export const OPEN = load('./open.lua');
export const ENDS = load('./ends.lua');
export const AGE_AFTER = load('./age-after.lua');
export const MARK_LOST_TAIL = load('./mark-lost-tail.lua');
export const TRIM = load('./trim.lua');
export const RESUME = load('./resume.lua');
