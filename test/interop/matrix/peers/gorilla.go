// gorilla/websocket: go run gorilla.go server|client URL
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

var limit, _ = strconv.ParseInt(os.Getenv("LIMIT"), 10, 64)
var protocols = strings.FieldsFunc(os.Getenv("PROTOCOLS"), func(r rune) bool { return r == ',' })

func serve(c *websocket.Conn) {
	c.SetReadLimit(limit)
	c.SetPongHandler(func(data string) error {
		if data == "" {
			return nil
		}
		return c.WriteMessage(websocket.TextMessage, []byte("pong "+data))
	})
	for {
		kind, data, err := c.ReadMessage()
		if err != nil {
			if closed, ok := err.(*websocket.CloseError); ok {
				fmt.Println("closed", closed.Code, closed.Text)
			} else {
				fmt.Println("closed 1006", err)
			}
			c.Close()
			return
		}
		text := string(data)
		if kind != websocket.TextMessage || !strings.HasPrefix(text, "!") {
			c.WriteMessage(kind, data)
			continue
		}
		command, rest, _ := strings.Cut(text[1:], " ")
		switch command {
		case "close":
			code, reason, _ := strings.Cut(rest, " ")
			number := websocket.CloseNoStatusReceived
			if code != "" {
				number, _ = strconv.Atoi(code)
			}
			c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(number, reason), time.Now().Add(time.Second))
		case "ping":
			c.WriteControl(websocket.PingMessage, []byte(rest), time.Now().Add(time.Second))
		case "fragments":
			w, _ := c.NextWriter(websocket.TextMessage)
			for _, part := range []string{"one ", "two ", "three"} {
				w.Write([]byte(part))
			}
			w.Close()
		case "protocol":
			c.WriteMessage(websocket.TextMessage, []byte(c.Subprotocol()))
		case "abort":
			c.Close()
		default:
			c.WriteMessage(websocket.TextMessage, []byte("can't"))
		}
	}
}

func main() {
	if os.Args[1] == "client" {
		dialer := websocket.Dialer{Subprotocols: protocols, EnableCompression: true}
		for {
			c, _, err := dialer.Dial(os.Args[2], nil)
			if err != nil {
				time.Sleep(200 * time.Millisecond)
				continue
			}
			serve(c)
		}
	}
	upgrader := websocket.Upgrader{Subprotocols: protocols, EnableCompression: true, CheckOrigin: func(*http.Request) bool { return true }}
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := upgrader.Upgrade(w, r, nil); err == nil {
			serve(c)
		}
	}))
}
