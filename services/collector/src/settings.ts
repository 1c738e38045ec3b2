/** The settings that Segment's browser library loads first: they tell it to send its events here. */

const HOST = /^(?:[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

/** `publicUrl` as configured; "" takes the host that the browser asked. Undefined when that is no host. */
export function browserSettings(writeKey: string, publicUrl: string, protocol: string, hostHeader: string | undefined) {
  const url = publicUrl === '' ? undefined : new URL(publicUrl);
  const host = url?.host ?? hostHeader;
  if (host === undefined || !HOST.test(host)) return undefined;
  const path = url === undefined || url.pathname === '/' ? '' : url.pathname.replace(/\/$/, '');
  return {
    integrations: {
      'Segment.io': {
        apiKey: writeKey,
        apiHost: `${host}${path}/v1`,
        protocol: url?.protocol.replace(':', '') ?? protocol,
        unbundledIntegrations: [],
        addBundledMetadata: true,
        maybeBundledConfigIds: {},
      },
    },
    plan: {
      track: { __default: { enabled: true, integrations: {} } },
      identify: { __default: { enabled: true } },
      group: { __default: { enabled: true } },
    },
    edgeFunction: {},
    analyticsNextEnabled: true,
    middlewareSettings: {},
    enabledMiddleware: {},
    metrics: { sampleRate: 0 },
    legacyVideoPluginsEnabled: false,
    remotePlugins: [],
  };
}
