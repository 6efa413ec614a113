// System.Net.WebSockets.ClientWebSocket: mono mono.exe client URL
using System;
using System.IO;
using System.Net.WebSockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

class Peer
{
    static readonly string[] Protocols = (Environment.GetEnvironmentVariable("PROTOCOLS") ?? "").Split(new[] { ',' }, StringSplitOptions.RemoveEmptyEntries);

    static void Main(string[] arguments)
    {
        while (true)
        {
            try { Talk(new Uri(arguments[1])).Wait(); }
            catch (AggregateException) { Console.WriteLine("closed 1006"); Thread.Sleep(20); }
        }
    }

    static async Task Talk(Uri url)
    {
        using (var ws = new ClientWebSocket())
        {
            foreach (var name in Protocols) ws.Options.AddSubProtocol(name);
            await ws.ConnectAsync(url, CancellationToken.None);
            var buffer = new byte[65536];
            var message = new MemoryStream();
            while (true)
            {
                var part = await ws.ReceiveAsync(new ArraySegment<byte>(buffer), CancellationToken.None);
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    Console.WriteLine("closed {0} {1}", (int?)ws.CloseStatus ?? 1005, ws.CloseStatusDescription);
                    // Whoever is closed answers by itself.
                    if (ws.State == WebSocketState.CloseReceived)
                        await ws.CloseOutputAsync(ws.CloseStatus ?? WebSocketCloseStatus.NormalClosure, ws.CloseStatusDescription, CancellationToken.None);
                    return;
                }
                message.Write(buffer, 0, part.Count);
                if (!part.EndOfMessage) continue;
                var whole = message.ToArray();
                message.SetLength(0);
                if (part.MessageType == WebSocketMessageType.Text && whole.Length > 0 && whole[0] == '!')
                {
                    if (await Command(ws, Encoding.UTF8.GetString(whole).Substring(1))) { Console.WriteLine("closed 1006"); return; }
                }
                else await ws.SendAsync(new ArraySegment<byte>(whole), part.MessageType, true, CancellationToken.None);
            }
        }
    }

    static Task Send(ClientWebSocket ws, string text, bool last)
    {
        return ws.SendAsync(new ArraySegment<byte>(Encoding.UTF8.GetBytes(text)), WebSocketMessageType.Text, last, CancellationToken.None);
    }

    /// Resolves to true when the connection is over. There are no pings in this API.
    static async Task<bool> Command(ClientWebSocket ws, string command)
    {
        var words = command.Split(new[] { ' ' }, 3);
        switch (words[0])
        {
            case "close":
                if (words.Length == 1) await ws.CloseOutputAsync(WebSocketCloseStatus.Empty, null, CancellationToken.None);
                else await ws.CloseOutputAsync((WebSocketCloseStatus)int.Parse(words[1]), words.Length > 2 ? words[2] : "", CancellationToken.None);
                return false;
            case "fragments":
                await Send(ws, "one ", false);
                await Send(ws, "two ", false);
                await Send(ws, "three", true);
                return false;
            case "protocol":
                await Send(ws, ws.SubProtocol ?? "", true);
                return false;
            case "abort":
                ws.Abort();
                return true;
            default:
                await Send(ws, "can't", true);
                return false;
        }
    }
}
