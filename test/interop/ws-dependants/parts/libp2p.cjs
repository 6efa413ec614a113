// Two nodes, secured and multiplexed over a WebSocket: a stream of a protocol, both ways.
(async () => {
  const { createLibp2p } = await import('libp2p');
  const { webSockets } = await import('@libp2p/websockets');
  const { noise } = await import('@chainsafe/libp2p-noise');
  const { yamux } = await import('@chainsafe/libp2p-yamux');
  const node = (listen) =>
    createLibp2p({
      addresses: { listen },
      transports: [webSockets()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionGater: { denyDialMultiaddr: () => false },
    });
  const [a, b] = [await node(['/ip4/127.0.0.1/tcp/0/ws']), await node([])];
  await a.handle('/shout/1', ({ stream }) => {
    void stream.sink(
      (async function* () {
        for await (const bytes of stream.source)
          yield new TextEncoder().encode(new TextDecoder().decode(bytes.subarray()).toUpperCase());
      })(),
    );
  });
  const stream = await b.dialProtocol(a.getMultiaddrs()[0], '/shout/1');
  await stream.sink([new TextEncoder().encode('hello')]);
  let text = '';
  for await (const bytes of stream.source) text += new TextDecoder().decode(bytes.subarray());
  console.log(text);
  process.exit();
})();
