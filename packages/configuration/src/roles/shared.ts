/** The settings that every role shares, spread into its own table: each row is beside the code that it configures. */
import { EVENT_LOG_SETTINGS } from '@tributary/log/settings';
import type { ConfigTable } from '@tributary/runtime/config/read-config';
import { DEFINITIONS_SETTINGS } from '@tributary/runtime/config/settings';
import { DATA_FOLDER_SETTINGS } from '@tributary/runtime/data-folder/settings';
import { PROCESS_SETTINGS } from '@tributary/runtime/process/settings';
import { REDIS_SETTINGS } from '@tributary/runtime/redis/settings';

export const SHARED_SETTINGS = {
  ...REDIS_SETTINGS,
  ...DATA_FOLDER_SETTINGS,
  ...EVENT_LOG_SETTINGS,
  ...DEFINITIONS_SETTINGS,
  ...PROCESS_SETTINGS,
} as const satisfies ConfigTable;
