import type { AnsweredHead } from './ask.ts';

/** Who stands in front, by what an answer says of itself. */
export type Front =
  'nginx' | 'apache' | 'haproxy' | 'cloudflare' | 'cloudfront' | 'envoy' | 'traefik' | 'caddy' | undefined;

const SIGNS: readonly (readonly [Exclude<Front, undefined>, RegExp])[] = [
  ['cloudflare', /cloudflare|cf-ray/i],
  ['cloudfront', /cloudfront|x-amz-cf-id/i],
  ['nginx', /\bnginx|openresty/i],
  ['apache', /\bapache/i],
  ['haproxy', /haproxy/i],
  ['envoy', /envoy/i],
  ['traefik', /traefik/i],
  ['caddy', /\bcaddy/i],
];

/** Reads the fields that tell who has answered. */
export function frontOf({ fields }: AnsweredHead): Front {
  const said = ['server', 'via', 'x-powered-by', 'x-served-by'].flatMap((name) => fields.get(name) ?? []);
  const text = [...said, ...[...fields.keys()].filter((name) => /^(cf-ray|x-amz-cf-id)$/.test(name))].join(' ');
  return SIGNS.find(([, sign]) => sign.test(text))?.[0];
}

const UPGRADE: Readonly<Record<Exclude<Front, undefined>, string>> = {
  nginx:
    'nginx: in this location, `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";` beside proxy_pass.',
  apache:
    'Apache 2.4.47 and newer: `ProxyPass "/path" "http://backend/path" upgrade=websocket`. The worker is shared by all ProxyPass lines of one backend: the parameter belongs on the first of them.',
  haproxy:
    'HAProxy: `mode http` passes upgrades by itself; see that no http-request rule deletes Upgrade or Connection.',
  cloudflare: 'Cloudflare: Network, WebSockets has to be on for the zone.',
  cloudfront:
    'CloudFront: the behavior has to forward the Sec-WebSocket-* and Upgrade fields (origin request policy AllViewer).',
  envoy: 'Envoy: `upgrade_configs: [{ upgrade_type: websocket }]` in the HTTP connection manager or the route.',
  traefik: 'Traefik passes upgrades by itself; see that no middleware (buffering, forwardAuth) stands on the router.',
  caddy: 'Caddy: reverse_proxy passes upgrades by itself; see that this path is handled by it, and not by file_server.',
};

/** What lets an upgrade through, for who stands in front; where nobody can tell, for those who are met most. */
export function letUpgradesThrough(front: Front): string[] {
  return front === undefined ? [UPGRADE.nginx, UPGRADE.apache] : [UPGRADE[front]];
}

const IDLE: Readonly<Record<Exclude<Front, undefined>, string>> = {
  nginx: 'nginx: proxy_read_timeout (60 s by default) counts the time without a byte from the server.',
  apache: 'Apache: ProxyTimeout, or Timeout (60 s by default).',
  haproxy: 'HAProxy: `timeout tunnel`; without it, timeout client and timeout server.',
  cloudflare: 'Cloudflare ends what is idle for 100 s.',
  cloudfront: 'CloudFront ends what is idle for 10 minutes.',
  envoy: 'Envoy: stream_idle_timeout (5 minutes by default).',
  traefik: 'Traefik: the entry point’s transport.respondingTimeouts.',
  caddy: 'Caddy: reverse_proxy’s stream_timeout.',
};

/** What ends idle connections. */
export function keepAlive(front: Front, seconds: number): string[] {
  const half = Math.max(1, Math.floor(seconds / 2));
  const own = `Send pings more often than that: \`pingInterval: ${half * 1000}\` on either side.`;
  return front === undefined ? [own, IDLE.nginx] : [own, IDLE[front]];
}
