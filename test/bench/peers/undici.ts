/** The WHATWG's class: Node's own, from its package, or with WEB_FACE in the environment the one here. */
import { fail } from '../wire/control.ts';
import { openAll, runTarget } from './target.ts';

// No literal: the type check comes before the build, when there is nothing to resolve it to.
const library: string = process.env.WEB_FACE ? 'sansocket/web' : 'undici';
const { WebSocket } = (await import(library)) as typeof import('undici');

runTarget({
  client(job, url) {
    return openAll(job, (opened) => {
      const socket = new WebSocket(url);
      socket.binaryType = 'arraybuffer';
      socket.onerror = () => fail(new Error('the connection failed'));
      socket.onopen = opened;
      socket.onmessage = (event) => socket.send(event.data);
    });
  },
});
