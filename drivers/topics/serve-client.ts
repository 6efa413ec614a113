import { nameOf } from '../../protocol/internal.ts';
import type { TopicData } from './engine.ts';
import { TopicsError } from './errors.ts';
import type { Gap, TopicsOptions } from './options.ts';
import type { Subscriber, WebSocket } from './outlets/index.ts';
import type { Position } from './position.ts';
import type { Topics } from './topics.ts';

/** Requests of a connection that are under way at once: those that follow wait, and their client with them. */
const MOST_REQUESTS = 100;
/** And the characters of those, beyond which no other is taken: each is kept as text, as what it says, and as what is published. */
const MOST_CHARACTERS = 1024 * 1024;

/**
 * What a hub needs to speak with `sansocket/topics/client`, beside `serveClient`: `createTopics({ ...clientProtocol, … })`.
 * Its messages are JSON, as text, whoever publishes them: for any other the subscribers are told of a gap, `'frame'`.
 */
export const clientProtocol: Required<Pick<TopicsOptions, 'frame' | 'onGap'>> = {
  // The message is not written anew: one that is nested just as deep as its sender's request could be would be too deep here.
  frame(topic: string, message: TopicData, position: Position | undefined): string {
    if (typeof message !== 'string') throw new TypeError('what the clients of topics are sent is JSON, as text');
    JSON.parse(message); // throws for what is none
    return `{"message":${message},${JSON.stringify({ topic, position }).slice(1)}`;
  },

  onGap: (ws: Subscriber, topic: string, { reason }: Gap): unknown => ws.send(JSON.stringify({ topic, gap: reason })),
};

/**
 * Serves a connection whose other end is `sansocket/topics/client`: subscribes, unsubscribes and publishes as it asks, as far as the
 * hub's `authorize` lets it, a hundred requests at once, or as many as have 1 MiB together. It receives all that comes; a message that is
 * no text ends the connection with 1003. Resolves when the connection has ended, and rejects with its WebSocketError where that was no
 * normal end, as a loop over it does.
 *
 * @throws TypeError for what is no hub, or no WebSocket of the promise API.
 */
export async function serveClient(hub: Topics, ws: WebSocket<any>): Promise<void> {
  if (typeof (hub as Partial<Topics> | undefined)?.subscribe !== 'function') {
    throw new TypeError(`serveClient: expected a hub, as createTopics makes them, not ${nameOf(hub)}`);
  }
  if (typeof (ws as Partial<WebSocket> | undefined)?.receive !== 'function') {
    throw new TypeError(`serveClient: expected a WebSocket of the promise API, not ${nameOf(ws)}`);
  }
  let underWay = 0;
  let characters = 0;
  let isOver = false;
  let goOn = (): void => {};
  // What had come by the end is done all the same, and waits for nothing any more.
  void ws.closed.then(() => {
    isOver = true;
    goOn();
  });
  for await (const text of ws) {
    if (typeof text !== 'string') return void (await ws.close(1003, 'JSON, as text'));
    const { length } = text;
    underWay++;
    characters += length;
    void answer(hub, ws, text).finally(() => {
      underWay--;
      characters -= length;
      goOn();
    });
    while ((underWay >= MOST_REQUESTS || characters >= MOST_CHARACTERS) && !isOver) {
      // No Promise.race: whatever is under way for long would keep something of each that was not.
      await new Promise<void>((resolve) => (goOn = resolve));
    }
  }
}

/** What a client may ask for, of whatever types. */
interface Request {
  readonly id?: unknown;
  readonly subscribe?: any;
  readonly unsubscribe?: any;
  readonly publish?: any;
  readonly message?: unknown;
  readonly since?: any;
  readonly key?: any;
}

async function answer(hub: Topics, ws: WebSocket, text: string): Promise<void> {
  let done: unknown;
  let said: object;
  try {
    said = (await begin(hub, ws, text, (id) => (done = id))) ?? {};
  } catch (error) {
    said = { error: refusalOf(error) };
  }
  // It may have ended meanwhile.
  await ws.send(JSON.stringify({ done, ...said })).catch(() => {});
}

/** What the answer says again. One that is nested could be too deep to be written, though it could be read. */
function idOf({ id }: Request): unknown {
  if (typeof id === 'object' && id !== null) throw new TypeError(`id must be a number or a string, not ${nameOf(id)}`);
  return id;
}

/**
 * Has the hub do what is asked for, and look at the types. What the text says is gone when this returns: it takes twenty times as
 * much memory as the text, and the hub may be at it for as long as `authorize` takes.
 */
function begin(
  hub: Topics,
  ws: WebSocket,
  text: string,
  found: (id: unknown) => void,
): Promise<{ position?: Position | undefined }> | void {
  const request = JSON.parse(text) as Request;
  found(idOf(request));
  const { subscribe, unsubscribe, publish, message, since, key } = request;
  if (unsubscribe !== undefined) return hub.unsubscribe(ws, unsubscribe);
  if (subscribe !== undefined) return hub.subscribe(ws, subscribe, { since: since ?? undefined });
  return hub.publish(publish, JSON.stringify(message), { from: ws, key: key ?? undefined }).then(positionOf);
}

function positionOf({ position }: { position?: Position | undefined }): { position?: Position | undefined } {
  return { position };
}

/** What a client did wrong, and what the hub could not do, is told; what else went wrong is nobody's business there. */
function refusalOf(error: unknown): { kind: string; message: string } {
  if (error instanceof TopicsError) return { kind: error.kind, message: error.message };
  const isTheirs = error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
  return isTheirs
    ? { kind: 'bad-request', message: error.message }
    : { kind: 'failed', message: 'the server could not do it' };
}
