/** What the targets of the opening handshake have in common. */
import { TransportAction } from '../../protocol/index.ts';
import type { Subject } from './subject.ts';
import { assert } from './target.ts';

/** What came of it, as far as the outside can tell. */
export function summary({ connection, events, sent }: Subject): unknown {
  const { phase, transportAction, closeInfo } = connection;
  const shown = events.map((event) => {
    if (event.type === 'request') return { type: event.type, ...event.request };
    if (event.type === 'open') return { type: event.type, ...event.opening };
    if (event.type === 'closed') return { type: event.type, error: String(event.info.error) };
    return event;
  });
  const { response } = (closeInfo?.error ?? {}) as { response?: unknown };
  return { phase, transportAction, events: shown, sent, response, next: connection.nextTimeout() };
}

/** A refusal is a whole HTTP response, and the end. */
export function checkRefusal(text: string, { connection }: Subject): void {
  const [head, body] = [text.slice(0, text.indexOf('\r\n\r\n')), text.slice(text.indexOf('\r\n\r\n') + 4)];
  const [statusLine, ...lines] = head.split('\r\n');
  assert(/^HTTP\/1\.1 [45]\d\d [A-Za-z ]+$/.test(statusLine), `the status line ${statusLine}`);
  for (const line of lines) assert(/^[!-9;-~]+: [ -~]*$/.test(line), `the field ${line}`);
  const value = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  assert(lines.includes('Connection: close'), 'a refusal that keeps the connection');
  assert(text.startsWith('HTTP/1.1 ') && Number(value('Content-Length')) >= body.length, 'a refusal of another length');
  assert(connection.transportAction === TransportAction.END, 'a refusal does not end the transport');
}
