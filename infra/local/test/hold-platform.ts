/** Starts a part of the platform and holds it, for tests that kill this very process. Arguments: data folder, base port. */
import { startPlatform } from '../src/launch.ts';

const [dataDir = '', basePort = ''] = process.argv.slice(2);
const { roles, redis } = await startPlatform({ dataDir, basePort: Number(basePort), roles: ['collector', 'speed'] });
process.send?.([redis.pid, roles.collector.pid, roles.speed.pid]);
setInterval(() => {}, 1_000);
