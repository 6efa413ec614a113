/* libsoup 3, both roles: cc soup.c $(pkg-config --cflags --libs libsoup-3.0) */
#include <libsoup/soup.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static GMainLoop *loop;
static char **protocols;
static gboolean is_client;
static void dial(void);

static void on_message(SoupWebsocketConnection *c, int type, GBytes *bytes, gpointer user) {
  gsize size;
  const char *data = g_bytes_get_data(bytes, &size);
  if (type != SOUP_WEBSOCKET_DATA_TEXT || size == 0 || data[0] != '!') {
    soup_websocket_connection_send_message(c, type, bytes);
    return;
  }
  char *text = g_strndup(data + 1, size - 1);
  char **words = g_strsplit(text, " ", 3);
  if (!strcmp(words[0], "close")) {
    int code = words[1] ? atoi(words[1]) : SOUP_WEBSOCKET_CLOSE_NO_STATUS;
    soup_websocket_connection_close(c, code, words[1] ? words[2] : NULL);
  } else if (!strcmp(words[0], "protocol")) {
    const char *name = soup_websocket_connection_get_protocol(c);
    soup_websocket_connection_send_text(c, name ? name : "");
  } else if (!strcmp(words[0], "abort")) {
    g_io_stream_close(soup_websocket_connection_get_io_stream(c), NULL, NULL);
  } else {
    soup_websocket_connection_send_text(c, "can't");
  }
  g_strfreev(words);
  g_free(text);
}

static void on_closed(SoupWebsocketConnection *c, gpointer user) {
  const char *reason = soup_websocket_connection_get_close_data(c);
  printf("closed %d %s\n", soup_websocket_connection_get_close_code(c), reason ? reason : "");
  g_object_unref(c);
  if (is_client) dial();
}

static void serve(SoupWebsocketConnection *c) {
  g_object_ref(c);
  soup_websocket_connection_set_max_incoming_payload_size(c, atol(getenv("LIMIT")));
  g_signal_connect(c, "message", G_CALLBACK(on_message), NULL);
  g_signal_connect(c, "closed", G_CALLBACK(on_closed), NULL);
}

static void on_upgrade(SoupServer *s, SoupServerMessage *m, const char *path, SoupWebsocketConnection *c, gpointer user) {
  serve(c);
}

static SoupSession *session;
static const char *url;

static void on_connect(GObject *object, GAsyncResult *result, gpointer user) {
  SoupWebsocketConnection *c = soup_session_websocket_connect_finish(session, result, NULL);
  if (c) serve(c);
  else dial();
}

static void dial(void) {
  SoupMessage *m = soup_message_new("GET", url);
  soup_session_websocket_connect_async(session, m, NULL, protocols, G_PRIORITY_DEFAULT, NULL, on_connect, NULL);
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  loop = g_main_loop_new(NULL, FALSE);
  const char *names = getenv("PROTOCOLS");
  protocols = names && *names ? g_strsplit(names, ",", -1) : NULL;
  is_client = !strcmp(argv[1], "client");
  if (is_client) {
    url = argv[2];
    session = soup_session_new();
    soup_session_add_feature_by_type(session, SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);
    dial();
  } else {
    SoupServer *server = soup_server_new("server-header", "soup", NULL);
    soup_server_add_websocket_extension(server, SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE);
    soup_server_add_websocket_handler(server, "/", NULL, protocols, on_upgrade, NULL, NULL);
    soup_server_listen_local(server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, NULL);
    GSList *uris = soup_server_get_uris(server);
    printf("port %d\n", g_uri_get_port(uris->data));
  }
  g_main_loop_run(loop);
}
