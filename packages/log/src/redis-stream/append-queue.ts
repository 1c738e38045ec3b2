/** Moved up: both adapters use it. */
export { APPEND_LIMITS } from '../append-queue.ts';
