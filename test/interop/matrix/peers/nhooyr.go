// nhooyr.io/websocket, now coder/websocket: go run nhooyr.go server|client URL
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"nhooyr.io/websocket"
)

var limit, _ = strconv.ParseInt(os.Getenv("LIMIT"), 10, 64)
var protocols = strings.FieldsFunc(os.Getenv("PROTOCOLS"), func(r rune) bool { return r == ',' })

func serve(c *websocket.Conn) {
	ctx := context.Background()
	c.SetReadLimit(limit)
	for {
		kind, data, err := c.Read(ctx)
		if err != nil {
			var closed websocket.CloseError
			if errors.As(err, &closed) {
				fmt.Println("closed", int(closed.Code), closed.Reason)
			} else {
				fmt.Println("closed 1006", err)
			}
			return
		}
		text := string(data)
		if kind != websocket.MessageText || !strings.HasPrefix(text, "!") {
			c.Write(ctx, kind, data)
			continue
		}
		command, rest, _ := strings.Cut(text[1:], " ")
		switch command {
		case "close":
			code, reason, _ := strings.Cut(rest, " ")
			number := int(websocket.StatusNoStatusRcvd)
			if code != "" {
				number, _ = strconv.Atoi(code)
			}
			c.Close(websocket.StatusCode(number), reason)
		case "protocol":
			c.Write(ctx, websocket.MessageText, []byte(c.Subprotocol()))
		case "fragments":
			w, _ := c.Writer(ctx, websocket.MessageText)
			for _, part := range []string{"one ", "two ", "three"} {
				w.Write([]byte(part))
			}
			w.Close()
		default:
			c.Write(ctx, websocket.MessageText, []byte("can't"))
		}
	}
}

func main() {
	if os.Args[1] == "client" {
		for {
			c, _, err := websocket.Dial(context.Background(), os.Args[2], &websocket.DialOptions{Subprotocols: protocols})
			if err != nil {
				time.Sleep(200 * time.Millisecond)
				continue
			}
			serve(c)
		}
	}
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		options := &websocket.AcceptOptions{Subprotocols: protocols, InsecureSkipVerify: true}
		if c, err := websocket.Accept(w, r, options); err == nil {
			serve(c)
		}
	}))
}
