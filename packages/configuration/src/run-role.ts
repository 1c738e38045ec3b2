/** The start of a role with its own table, and with what an operator should know of settings that are right. */
import { RESTORE_IS_ON } from '@tributary/log/settings';
import type { Service } from '@tributary/runtime/process/readiness';
import { runService, type ServiceContext } from '@tributary/runtime/process/service';
import { ROLE_SETTINGS } from './role-settings.ts';
import { judgeUnknown } from './unknown.ts';

type RoleSettings = typeof ROLE_SETTINGS;

/** As `runService`: ends the process, and is called from the `main.ts` of the role only. */
export function runRole<Role extends keyof RoleSettings>(
  role: Role,
  start: (context: ServiceContext<RoleSettings[Role]>) => Promise<Service>,
): Promise<void> {
  const { troubles, notes } = judgeUnknown(process.env);
  return runService(role, ROLE_SETTINGS[role], start, {
    troubles,
    notesOf: ({ restoreLostLog }) => [...(restoreLostLog ? [RESTORE_IS_ON] : []), ...notes],
  });
}
