/** Node's own client, from its package. */
import { WebSocket } from 'undici';
import { fail } from '../wire/control.ts';
import { openAll, runTarget } from './target.ts';

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
