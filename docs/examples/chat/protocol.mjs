// The server half of `sansocket/topics/client`: what goes over the wire, and what a client may ask for.

/**
 * For `createTopics({ frame })`: what a subscriber is sent of a message, which is JSON already. It is not written anew: one that is
 * nested just as deep as its sender's request could be would be too deep here.
 */
export function frame(topic, message, position) {
  JSON.parse(message); // throws for what is none
  return `{"message":${message},${JSON.stringify({ topic, position }).slice(1)}`;
}

/** For `createTopics({ onGap })`: a subscriber is told of what it misses. */
export const onGap = (ws, topic, { reason }) => ws.send(JSON.stringify({ topic, gap: reason }));

/** Requests of a connection that are under way at once: those that follow wait, and its client with them. */
const MOST_REQUESTS = 100;

/** Serves one connection. */
export async function serveTopics(hub, ws) {
  let underWay = 0;
  let goOn = () => {};
  for await (const text of ws) {
    if (typeof text !== 'string') return ws.close(1003, 'JSON, as text');
    underWay++;
    void answer(hub, ws, text).finally(() => {
      underWay--;
      goOn();
    });
    // No Promise.race: whatever is under way for long would keep something of each that was not.
    if (underWay >= MOST_REQUESTS) await new Promise((resolve) => (goOn = resolve));
  }
}

async function answer(hub, ws, text) {
  let done;
  const say = (what) => ws.send(JSON.stringify({ done, ...what })).catch(() => {});
  try {
    const { id, subscribe, unsubscribe, publish, message, since, key } = JSON.parse(text);
    done = id;
    if (unsubscribe !== undefined) {
      hub.unsubscribe(ws, unsubscribe);
      await say({});
    } else if (subscribe !== undefined) await say(await hub.subscribe(ws, subscribe, since ? { since } : {}));
    else await say(await hub.publish(publish, JSON.stringify(message), { from: ws, ...(key && { key }) }));
  } catch (error) {
    // What a client did wrong is told by its kind; what else went wrong is nobody's business there.
    await say({ error: { kind: error.kind ?? 'bad-request', message: error.message } });
  }
}
