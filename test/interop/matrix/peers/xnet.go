// golang.org/x/net/websocket: go run xnet.go server|client URL
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/websocket"
)

var limit, _ = strconv.Atoi(os.Getenv("LIMIT"))
var protocols = strings.FieldsFunc(os.Getenv("PROTOCOLS"), func(r rune) bool { return r == ',' })

// Whether a frame is text is what its codec is told, and nothing else.
type frame struct {
	kind byte
	data []byte
}

var codec = websocket.Codec{
	Marshal: func(v interface{}) ([]byte, byte, error) { f := v.(frame); return f.data, f.kind, nil },
	Unmarshal: func(data []byte, kind byte, v interface{}) error {
		*v.(*frame) = frame{kind, data}
		return nil
	},
}

func serve(ws *websocket.Conn) {
	ws.MaxPayloadBytes = limit
	for {
		var f frame
		if err := codec.Receive(ws, &f); err != nil {
			fmt.Println("closed 1006", err)
			ws.Close()
			return
		}
		text := string(f.data)
		if f.kind != websocket.TextFrame || !strings.HasPrefix(text, "!") {
			codec.Send(ws, f)
			continue
		}
		command, _, _ := strings.Cut(text[1:], " ")
		switch command {
		case "close":
			ws.Close()
		case "protocol":
			codec.Send(ws, frame{websocket.TextFrame, []byte(strings.Join(ws.Config().Protocol, ","))})
		default:
			codec.Send(ws, frame{websocket.TextFrame, []byte("can't")})
		}
	}
}

func main() {
	if os.Args[1] == "client" {
		for {
			// An origin has no slash at its end, and this one goes out as it is given.
			config, _ := websocket.NewConfig(os.Args[2], strings.TrimSuffix(strings.Replace(os.Args[2], "ws", "http", 1), "/"))
			config.Protocol = protocols
			ws, err := websocket.DialConfig(config)
			if err != nil {
				time.Sleep(200 * time.Millisecond)
				continue
			}
			serve(ws)
		}
	}
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	server := websocket.Server{Handler: serve, Handshake: func(config *websocket.Config, r *http.Request) error {
		for _, known := range protocols {
			for _, offered := range config.Protocol {
				if known == offered {
					config.Protocol = []string{known}
					return nil
				}
			}
		}
		config.Protocol = nil
		return nil
	}}
	http.Serve(listener, server)
}
