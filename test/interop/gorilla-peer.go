// One end of WebSocket connections, one at a time, on Go's gorilla/websocket, under remote control: peers.ts tells how.
//
// Usage: gorilla-peer '{"role": "server", …}', which says on which port of 127.0.0.1 it listens, or
// gorilla-peer '{"role": "client", …}'. It ends when its standard input does.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

type job struct {
	Role         string   `json:"role"`
	Subprotocols []string `json:"subprotocols"`
	Compress     bool     `json:"compress"`
	// The size of its write buffer: longer messages leave in fragments of that size. Zero is gorilla's default.
	Fragment int `json:"fragment"`
}

type command struct {
	Do     string `json:"do"`
	Url    string `json:"url"`
	Binary bool   `json:"binary"`
	Data   []byte `json:"data"`
	Code   int    `json:"code"`
	Reason string `json:"reason"`
}

var output = struct {
	sync.Mutex
	*json.Encoder
}{Encoder: json.NewEncoder(os.Stdout)}

type event map[string]interface{}

func say(what event) {
	output.Lock()
	defer output.Unlock()
	output.Encode(what)
}

// current is the connection under way: there is one at a time.
var current = struct {
	sync.Mutex
	conn *websocket.Conn
}{}

func main() {
	time.AfterFunc(5*time.Minute, func() { log.Fatal("five minutes are over") })
	var todo job
	if err := json.Unmarshal([]byte(os.Args[1]), &todo); err != nil {
		log.Fatal(err)
	}
	if todo.Role == "server" {
		serve(todo)
	}
	commands := bufio.NewScanner(os.Stdin)
	commands.Buffer(nil, 8<<20)
	for commands.Scan() {
		var next command
		if err := json.Unmarshal(commands.Bytes(), &next); err != nil {
			log.Fatal(err)
		}
		if next.Do == "connect" {
			go dial(todo, next.Url)
		} else if err := obey(next); err != nil {
			log.Fatal(err)
		}
	}
}

func serve(todo job) {
	upgrader := websocket.Upgrader{
		Subprotocols:      todo.Subprotocols,
		EnableCompression: todo.Compress,
		WriteBufferSize:   todo.Fragment,
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	say(event{"event": "port", "port": listener.Addr().(*net.TCPAddr).Port})
	go http.Serve(listener, http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		conn, err := upgrader.Upgrade(response, request, nil)
		if err != nil {
			log.Fatal(err)
		}
		talk(conn, "")
	}))
}

func dial(todo job, url string) {
	dialer := websocket.Dialer{
		Subprotocols:      todo.Subprotocols,
		EnableCompression: todo.Compress,
		WriteBufferSize:   todo.Fragment,
	}
	conn, response, err := dialer.Dial(url, nil)
	if err != nil {
		log.Fatal(err)
	}
	talk(conn, response.Header.Get("Sec-WebSocket-Extensions"))
}

// talk says what comes, until the connection has ended.
func talk(conn *websocket.Conn, extensions string) {
	defer conn.Close()
	current.Lock()
	current.conn = conn
	current.Unlock()
	conn.SetPongHandler(func(data string) error {
		say(event{"event": "pong", "data": []byte(data)})
		return nil
	})
	say(event{"event": "open", "subprotocol": conn.Subprotocol(), "extensions": extensions})
	for {
		kind, data, err := conn.ReadMessage()
		if err != nil {
			if end, isClose := err.(*websocket.CloseError); isClose {
				say(event{"event": "close", "code": end.Code, "reason": end.Text})
			} else {
				say(event{"event": "close", "code": 1006, "reason": err.Error()})
			}
			return
		}
		say(event{"event": "message", "binary": kind == websocket.BinaryMessage, "data": data})
	}
}

func obey(next command) error {
	current.Lock()
	conn := current.conn
	current.Unlock()
	soon := time.Now().Add(10 * time.Second)
	switch next.Do {
	case "send":
		return send(conn, next)
	case "ping":
		return conn.WriteControl(websocket.PingMessage, next.Data, soon)
	case "close":
		return conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(next.Code, next.Reason), soon)
	case "drop":
		return conn.Close()
	}
	return nil
}

// send writes by way of a writer, which cuts a message into fragments where the buffer is full.
func send(conn *websocket.Conn, next command) error {
	kind := websocket.TextMessage
	if next.Binary {
		kind = websocket.BinaryMessage
	}
	writer, err := conn.NextWriter(kind)
	if err != nil {
		return err
	}
	if _, err := writer.Write(next.Data); err != nil {
		return err
	}
	return writer.Close()
}
