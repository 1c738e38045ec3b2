import type { ConfigTable } from '@tributary/runtime/config/read-config';

/** For every role that is a member of a group. */
export const MEMBER_SETTINGS = {
  memberTtlMs: {
    type: 'int',
    default: 10_000,
    min: 1_000,
    unit: 'ms',
    why: 'a process not heard of for this long loses its partitions to the others of its role',
  },
} as const satisfies ConfigTable;
