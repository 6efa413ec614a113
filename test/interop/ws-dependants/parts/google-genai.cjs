// A live session: its setup, a turn and its answer.
const { WebSocketServer } = require('ws');

(async () => {
  const { GoogleGenAI } = await import('@google/genai');
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  wss.on('connection', (ws, { url }) => {
    console.log(url.replace(/key=.*/, 'key='));
    ws.on('message', (message) => {
      const { setup, clientContent } = JSON.parse(message);
      if (setup !== undefined) ws.send(Buffer.from(JSON.stringify({ setupComplete: {} })));
      if (clientContent === undefined) return;
      console.log('turn', clientContent.turns[0].parts[0].text);
      const modelTurn = { role: 'model', parts: [{ text: 'hello' }] };
      ws.send(JSON.stringify({ serverContent: { modelTurn, turnComplete: true } }));
    });
  });
  wss.on('listening', async () => {
    const baseUrl = `http://127.0.0.1:${wss.address().port}`;
    const ai = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl } });
    const session = await ai.live.connect({
      model: 'm',
      callbacks: {
        onopen: () => console.log('open'),
        onmessage: ({ setupComplete, serverContent }) => {
          if (setupComplete !== undefined) console.log('ready');
          if (serverContent === undefined) return;
          console.log(serverContent.modelTurn.parts[0].text, serverContent.turnComplete);
          session.close();
        },
        onclose: ({ code }) => {
          console.log('close', code);
          process.exit();
        },
        onerror: ({ message }) => console.log('error', message),
      },
    });
    session.sendClientContent({ turns: 'hi' });
  });
})();
