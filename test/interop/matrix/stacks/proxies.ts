/** What stands between a client and a server of ours, each with the least configuration that lets WebSockets through. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certify, overHttp2, overTls } from './tls.ts';
import { debianVersion, type Ports, type Reach, type Stack } from './stack.ts';

interface Proxy {
  /** Its packages: its version is that of the first. */
  readonly debian: readonly string[];
  /** Its configuration. */
  readonly file: (ports: Ports, work: string) => string;
  /** The command that runs it in the foreground with that file. */
  readonly command: (file: string, ports: Ports, work: string) => readonly string[];
  readonly reach?: (work: string, ports: Ports) => Reach;
  readonly advice?: string;
}

function proxy(name: string, { debian, file, command, reach, advice }: Proxy): Stack {
  return {
    name,
    roles: ['proxy'],
    debian,
    build: certify,
    command: (work, _, ports) => {
      const path = join(work, 'configuration');
      writeFileSync(path, file(ports, work));
      return command(path, ports, work);
    },
    reach,
    version: () => debianVersion(debian[0]),
    advice,
  };
}

/** To our own server by a proxy that takes CONNECT. */
const byConnect = (_: string, { front, back }: Ports): Reach => ({
  url: `ws://127.0.0.1:${back}/`,
  options: { proxy: `http://127.0.0.1:${front}` },
});

const NGINX = ({ front, back }: Ports): string => `
daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events {}
http {
  access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {
    listen 127.0.0.1:${front};
    location / {
      proxy_pass http://127.0.0.1:${back}; proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_set_header Host $http_host;
    }
  }
}`;

const haproxy = (bind: string, back: number): string => `
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
frontend front
  bind ${bind}
  default_backend app
backend app
  server app1 127.0.0.1:${back}
`;

const apache = (work: string, front: number, modules: readonly string[], site: string): string => `
ServerRoot ${work}
PidFile apache.pid
Listen 127.0.0.1:${front}
ServerName localhost
ErrorLog /dev/null
${['mpm_event', 'authz_core', 'proxy', 'proxy_http', ...modules]
  .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
  .join('\n')}
${site}
`;

const lighttpd = (front: number, back: number, modules: string, more: string): string => `
server.modules = ( ${modules} )
server.document-root = "/var/empty"
server.bind = "127.0.0.1"
server.port = ${front}
proxy.server = ( "" => ( ( "host" => "127.0.0.1", "port" => ${back} ) ) )
proxy.header = ( "upgrade" => "enable" )
${more}
`;

export const PROXIES: readonly Stack[] = [
  proxy('nginx', {
    advice: 'idle for 60 s (`proxy_read_timeout`), it ends TCP without a Close frame: `pingInterval` is below that',
    debian: ['nginx-light'],
    file: NGINX,
    command: (file, _, work) => ['/usr/sbin/nginx', '-p', work, '-c', file, '-e', 'stderr'],
  }),
  proxy('HAProxy', {
    advice: 'as nginx, by `timeout tunnel`',
    debian: ['haproxy'],
    file: ({ front, back }) => haproxy(`127.0.0.1:${front}`, back),
    command: (file) => ['/usr/sbin/haproxy', '-db', '-f', file],
  }),
  proxy('HAProxy, HTTP/2', {
    debian: ['haproxy'],
    file: ({ front, back }, work) => haproxy(`127.0.0.1:${front} ssl crt ${work}/both.pem alpn h2,http/1.1`, back),
    command: (file) => ['/usr/sbin/haproxy', '-db', '-f', file],
    reach: overHttp2,
  }),
  proxy('Apache', {
    advice:
      '`upgrade=websocket` is a worker’s, and lines of one backend share it: the first `ProxyPass` decides for all; without `ProxyPreserveHost` it rewrites Host, and `allowedOrigins` refuses',
    debian: ['apache2'],
    file: ({ front, back }, work) =>
      apache(work, front, [], `ProxyPass / http://127.0.0.1:${back}/ upgrade=websocket\nProxyPreserveHost on`),
    command: (file) => ['/usr/sbin/apache2', '-f', file, '-D', 'FOREGROUND'],
  }),
  proxy('Apache, HTTP/2', {
    advice:
      'the origin’s end is not passed on; of the 100 streams that it announces, it serves six WebSockets at once: an `Http2Pool` opens another session',
    debian: ['apache2'],
    file: ({ front, back }, work) =>
      apache(
        work,
        front,
        ['ssl', 'http2', 'socache_shmcb'],
        `SSLEngine on
SSLCertificateFile ${work}/cert.pem
SSLCertificateKeyFile ${work}/key.pem
Protocols h2 http/1.1
H2WebSockets on
ProxyPass / http://127.0.0.1:${back}/ upgrade=websocket
ProxyPreserveHost on`,
      ),
    command: (file) => ['/usr/sbin/apache2', '-f', file, '-D', 'FOREGROUND'],
    reach: overHttp2,
  }),
  proxy('lighttpd', {
    debian: ['lighttpd'],
    file: ({ front, back }) => lighttpd(front, back, '"mod_proxy"', ''),
    command: (file) => ['/usr/sbin/lighttpd', '-D', '-f', file],
  }),
  proxy('lighttpd, HTTP/2', {
    advice: '8 streams a session; the same Sec-WebSocket-Key to every server behind it',
    debian: ['lighttpd', 'lighttpd-mod-openssl'],
    file: ({ front, back }, work) =>
      lighttpd(
        front,
        back,
        '"mod_proxy", "mod_openssl"',
        `ssl.engine = "enable"\nssl.pemfile = "${work}/cert.pem"\nssl.privkey = "${work}/key.pem"
server.feature-flags = ( "server.h2proto" => "enable" )`,
      ),
    command: (file) => ['/usr/sbin/lighttpd', '-D', '-f', file],
    reach: overHttp2,
  }),
  proxy('nghttpx, HTTP/2', {
    debian: ['nghttp2-proxy'],
    file: () => '',
    command: (file, { front, back }, work) => [
      ...['/usr/sbin/nghttpx', `--conf=${file}`, `--frontend=127.0.0.1,${front}`, `--backend=127.0.0.1,${back}`],
      ...['--errorlog-file=/dev/null', '--no-ocsp', '--workers=1', `${work}/key.pem`, `${work}/cert.pem`],
    ],
    reach: overHttp2,
  }),
  proxy('Varnish', {
    advice: 'as nginx, by `pipe_timeout`',
    debian: ['varnish'],
    file: ({ back }) => `vcl 4.0;
backend default { .host = "127.0.0.1"; .port = "${back}"; }
sub vcl_recv { if (req.http.upgrade ~ "(?i)websocket") { return (pipe); } }
sub vcl_pipe { if (req.http.upgrade) { set bereq.http.upgrade = req.http.upgrade; set bereq.http.connection = req.http.connection; } }
`,
    command: (file, { front }, work) => [
      ...['/usr/sbin/varnishd', '-F', '-f', file, '-a', `127.0.0.1:${front}`, '-n', `${work}/varnish`, '-j', 'none'],
      ...['-s', 'default,10m'],
    ],
  }),
  proxy('Caddy', {
    debian: ['caddy'],
    file: ({ front, back }) => `{
  admin off
  auto_https off
}
http://:${front} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${back}
}
`,
    command: (file) => ['/usr/bin/caddy', 'run', '--adapter', 'caddyfile', '--config', file],
  }),
  proxy('stunnel', {
    debian: ['stunnel4'],
    file: ({ front, back }, work) => `foreground = yes
pid =
[front]
accept = 127.0.0.1:${front}
connect = 127.0.0.1:${back}
cert = ${work}/both.pem
`,
    command: (file) => ['/usr/bin/stunnel4', file],
    reach: overTls,
  }),
  proxy('squid, by CONNECT', {
    advice: 'its rules as installed let CONNECT to port 443 alone: the proxy’s 403 says so',
    debian: ['squid'],
    file: ({ front }, work) => `http_port 127.0.0.1:${front}
http_access allow all
cache deny all
cache_log /dev/null
access_log none
pid_filename ${work}/squid.pid
coredump_dir ${work}
`,
    command: (file) => ['/usr/sbin/squid', '-N', '-f', file],
    reach: byConnect,
  }),
  proxy('tinyproxy, by CONNECT', {
    debian: ['tinyproxy'],
    file: ({ front }) => `Port ${front}
Listen 127.0.0.1
Timeout 60
Allow 127.0.0.1
`,
    command: (file) => ['/usr/bin/tinyproxy', '-d', '-c', file],
    reach: byConnect,
  }),
  proxy('Privoxy, by CONNECT', {
    debian: ['privoxy'],
    file: ({ front }) => `listen-address 127.0.0.1:${front}\n`,
    command: (file) => ['/usr/sbin/privoxy', '--no-daemon', file],
    reach: byConnect,
  }),
];
