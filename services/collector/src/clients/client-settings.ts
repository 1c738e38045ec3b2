/**
 * What browser libraries load first: where to send, and which of their features are off because nothing here would take what these
 * send. No answer holds more of a request than a key that was verified.
 */

const HOST = /^(?:[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

/** `publicUrl` as configured; "" takes the host that the browser asked. Undefined when that is not a host. */
export function segmentSettings(writeKey: string, publicUrl: string, protocol: string, hostHeader: string | undefined) {
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

/** RudderStack: a source that is on, without destinations in the page, whose library does not report on itself. */
export function rudderSettings(keyId: string) {
  return {
    source: {
      id: keyId,
      name: 'tributary',
      enabled: true,
      workspaceId: 'tributary',
      config: { statsCollection: { errors: { enabled: false }, metrics: { enabled: false } } },
      dataplanes: {},
      destinations: [],
    },
  };
}

/** PostHog: events alone. What a page configures (`autocapture`, say) stays as it is. With `surveys: false` the library would load them. */
export const POSTHOG_CONFIG = {
  supportedCompression: ['gzip', 'gzip-js', 'base64'],
  hasFeatureFlags: false,
  captureDeadClicks: false,
  capturePerformance: false,
  autocaptureExceptions: false,
  analytics: { endpoint: '/i/v0/e/' },
  elementsChainAsString: true,
  sessionRecording: false,
  heatmaps: false,
  productTours: false,
  conversations: false,
  logs: { captureConsoleLogs: false },
  defaultIdentifiedOnly: true,
  siteApps: [],
};

/** The same as a script. `writeKey`: verified, so it holds no character that would end a text. */
export function posthogScript(writeKey: string): string {
  const entry = JSON.stringify({ config: POSTHOG_CONFIG, siteApps: [] });
  return `(w=>{(w._POSTHOG_REMOTE_CONFIG=w._POSTHOG_REMOTE_CONFIG||{})[${JSON.stringify(writeKey)}]=${entry}})(window);`;
}

/** There are no flags here: what libraries ask of `/flags/` and `/decide/` is answered the same for all. */
export const POSTHOG_FLAGS = JSON.stringify({
  ...POSTHOG_CONFIG,
  flags: {},
  featureFlags: {},
  featureFlagPayloads: {},
  errorsWhileComputingFlags: false,
});
