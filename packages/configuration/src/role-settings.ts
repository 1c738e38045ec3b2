/** The settings of every role: what `--help` prints, what a check before the start reads, and what the documents list. */
import type { ConfigTable } from '@tributary/runtime/config/read-config';
import { API_SETTINGS } from './roles/api.ts';
import { ARCHIVER_SETTINGS } from './roles/archiver.ts';
import { COLLECTOR_SETTINGS } from './roles/collector.ts';
import { RECOMPUTE_SETTINGS } from './roles/recompute.ts';
import { SPEED_SETTINGS } from './roles/speed.ts';

export const ROLE_SETTINGS = {
  collector: COLLECTOR_SETTINGS,
  speed: SPEED_SETTINGS,
  archiver: ARCHIVER_SETTINGS,
  api: API_SETTINGS,
  recompute: RECOMPUTE_SETTINGS,
} as const satisfies Readonly<Record<string, ConfigTable>>;
