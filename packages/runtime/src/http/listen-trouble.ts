/** Why a port cannot be listened on, in the words of the settings. */
import { TributaryError } from '@tributary/model/errors';
import { quoted } from '../config/setting.ts';

type PortSetting = 'TRIBUTARY_COLLECTOR_PORT' | 'TRIBUTARY_API_PORT' | 'TRIBUTARY_HEALTH_PORT';

/** `port_taken` may pass; `invalid_config` stays until an operator changes it. Other errors are given back as they are. */
export function listenTrouble(cause: unknown, setting: PortSetting, host: string, port: number): unknown {
  const { code = '' } = cause as NodeJS.ErrnoException;
  const refused = (message: string) => new TributaryError('invalid_config', message, { cause });
  if (code === 'EADDRINUSE')
    return new TributaryError(
      'port_taken',
      `${setting} must be a free port (got ${port}): another program listens on ${host}:${port}`,
    );
  if (code === 'EACCES')
    return refused(`${setting} must be a port that this user may open (got ${port}). Choose one above 1023.`);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return refused(
      `TRIBUTARY_HOST must be an address of this machine (got ${quoted(host)}: ${code}). Write 127.0.0.1 for this machine alone, or 0.0.0.0 for all networks.`,
    );
  return cause;
}
