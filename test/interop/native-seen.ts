/** The server of native-session.js, and what every runtime is to see of it. */
import { expect } from 'vitest';
import type { WebSocket } from '../../drivers/index.ts';

/** What every runtime is to see. */
export const SEEN = {
  value: 'the handler returned',
  protocol: 'echo',
  url: true,
  text: 'grüße',
  bytes: [0, 1, 255],
  fragments: 'one message',
  large: true,
  pieces: ['in pieces'],
  last: 'bye',
  end: { name: 'WebSocketError', code: 4002, reason: 'see you' },
  closed: { clean: true, first: 'received' },
  mine: { code: 4001, reason: 'done', clean: true, first: 'sent' },
  refused: { name: 'HandshakeError', isTemporary: true },
  aborted: 'enough',
  late: 'TimeoutError',
  option: expect.stringMatching(/^TypeError: open: unknown option headers/),
  flood: 200,
  connections: 3,
  given: 'given',
};

const never = new Promise<boolean>(() => {});

/** How the server of the session is to listen. */
export const SESSION_OPTIONS = {
  subprotocols: ['echo'],
  allowedOrigins: '*',
  authorize: ({ path }: { path: string }) => (path === '/silent' ? never : path !== '/refused'),
} as const;

/** What that server does. */
export async function serveSession(ws: WebSocket): Promise<void> {
  const { path } = ws.request!;
  if (path === '/goodbye') {
    await ws.send('bye');
    await ws.close(4002, 'see you');
  } else if (path === '/flood') {
    const rest = 'x'.repeat(64 * 1024);
    for (let i = 0; i < 200; i++) await ws.send(String(i).padStart(8, '0') + rest);
  } else {
    for await (const message of ws) await ws.send(message);
  }
}
