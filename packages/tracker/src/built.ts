/** What `npm run tracker` built, for the server that hands it out. */
import { join } from 'node:path';

export const BUILT_FOLDER = join(import.meta.dirname, '../dist');
/** What a page loads, and what that loads later. */
export const SCRIPT = 'web.js';
export const ATTENTION = 'web-attention.js';
