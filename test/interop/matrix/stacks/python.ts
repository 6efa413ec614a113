import { ANSWERS_1000, NO_1012 } from './advice.ts';
import { script, type Stack } from './stack.ts';
import { certify, overHttp2 } from './tls.ts';

/** A peer in Python that Debian's own interpreter runs. */
function python(name: string, file: string, packages: readonly string[], more: Partial<Stack> = {}): Stack {
  return script(name, ['/usr/bin/python3'], file, [...packages, 'python3'], more);
}

function asgi(name: string, kind: string, packages: readonly string[], more: Partial<Stack> = {}): Stack {
  return python(name, 'asgi-peer.py', packages, { roles: ['server'], suffix: () => [kind], ...more });
}

export const PYTHON: readonly Stack[] = [
  python('websockets (Python)', 'websockets-peer.py', ['python3-websockets']),
  python('Tornado', 'tornado-peer.py', ['python3-tornado'], {
    advice: 'a server: leave `clientNoContextTakeover` off, its client agrees to it and does not keep to it',
  }),
  python('aiohttp', 'aiohttp-peer.py', ['python3-aiohttp'], { advice: ANSWERS_1000 }),
  python('autobahn-python', 'autobahn-peer.py', ['python3-autobahn'], { advice: ANSWERS_1000 }),
  python('trio-websocket', 'trio-peer.py', ['python3-trio-websocket']),
  python('ws4py', 'ws4py-peer.py', ['python3-ws4py'], {
    advice: `send its client whole messages; ${NO_1012}`,
  }),
  python('gevent-websocket', 'gevent-peer.py', ['python3-gevent-websocket'], {
    roles: ['server'],
    advice: 'its Close frames have no code: every end is unclean, with 1002 told in `error`',
  }),
  python('websocket-client', 'websocket-client-peer.py', ['python3-websocket'], {
    roles: ['client'],
    advice: `${ANSWERS_1000}; it never ends TCP, and you do after a second`,
  }),
  asgi('Hypercorn', 'hypercorn/', ['python3-hypercorn', 'python3-wsproto'], {
    advice:
      'its application hears 1006 always, and over HTTP/1.1 nothing at all when TCP just ends: `close()`, and say in a message what it has to know',
  }),
  asgi('Hypercorn, HTTP/2', 'hypercorn/h2', ['python3-hypercorn', 'python3-wsproto', 'python3-h2'], {
    build: certify,
    reach: overHttp2,
  }),
  asgi('Uvicorn with wsproto', 'uvicorn/wsproto', ['python3-uvicorn', 'python3-wsproto'], {
    advice: 'its application is told nothing when TCP just ends: `close()`, and no `terminate()`',
  }),
  asgi('Uvicorn with websockets', 'uvicorn/websockets', ['python3-uvicorn', 'python3-websockets']),
  asgi('Daphne', 'daphne/', ['python3-daphne'], {
    advice: `it sends no empty messages; ${ANSWERS_1000}`,
  }),
];
