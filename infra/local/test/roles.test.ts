import { portsFrom } from '@tributary/runtime/process/local-ports';
import { expect, test } from 'vitest';
import { ROLE_NAMES, roleEnvironment } from '../src/roles.ts';

const PLATFORM = { host: '127.0.0.1', ports: portsFrom(7400), dataDir: '/data', redisUrl: 'redis://x' };

test('a role is given what the start decided over what it inherits, and what a caller says over both', () => {
  const inherited = { TRIBUTARY_DATA_DIR: '/other', TRIBUTARY_LOG_LEVEL: 'debug', npm_config_x: '1', NODE_OPTIONS: '--inspect' };
  const env = roleEnvironment('speed', PLATFORM, inherited, {});
  expect(env).toMatchObject({ TRIBUTARY_DATA_DIR: '/data', TRIBUTARY_REDIS_URL: 'redis://x', TRIBUTARY_LOG_LEVEL: 'debug' });
  expect(Object.keys(env)).not.toEqual(expect.arrayContaining([expect.stringMatching(/^npm_|^NODE_OPTIONS$/)]));
  expect(roleEnvironment('speed', PLATFORM, inherited, { TRIBUTARY_DATA_DIR: '/mine' })['TRIBUTARY_DATA_DIR']).toBe('/mine');
});

test('roles with HTTP of their own have no port for health beside it, and no two roles the same', () => {
  const ports = ROLE_NAMES.map((role) => roleEnvironment(role, PLATFORM, {}, {})['TRIBUTARY_HEALTH_PORT']);
  expect(ports).toEqual(['0', '7403', '7404', '0', '7405']);
});
