/** The other end of topics: a client that resumes where it was, at whichever node, and hears of gaps. */
import { TopicsClient, type ClientSocket, type TopicsClientOptions } from './topics-client.ts';

/**
 * Makes a client over connections that follow one another: what `open.reconnecting` iterates over, of `sansocket` or of
 * `sansocket/native`. It goes through them until they end or `close` is called. Throws a TypeError for what is no such thing.
 */
export function topicsClient(connections: AsyncIterable<ClientSocket>, options?: TopicsClientOptions): TopicsClient {
  return new TopicsClient(connections, options);
}

export type { Clock, Sleeper, Wake } from '../../clock.ts';
export type { ClientGap, ClientSocket, TopicListener, TopicsClient, TopicsClientOptions } from './topics-client.ts';
export { TopicsClientError } from './said.ts';
