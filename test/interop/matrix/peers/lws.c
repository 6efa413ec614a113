/* libwebsockets, both roles: cc lws.c $(pkg-config --cflags --libs libwebsockets) */
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What waits to be written: each its own write, as the library wants it. */
struct out {
  struct out *next;
  enum lws_write_protocol how;
  size_t length;
  unsigned char bytes[];
};

struct session {
  unsigned char *in;
  size_t length;
  struct out *first, *last;
  int code;
  char reason[124];
};

static struct lws_context *context;
static const char *url;
static int port, dialing = 1;
static char names[256];

/* How many connections compress now. */
static int deflates;

static int deflate(struct lws_context *c, const struct lws_extension *ext, struct lws *wsi,
                   enum lws_extension_callback_reasons why, void *user, void *in, size_t length) {
  if (why == LWS_EXT_CB_CONSTRUCT || why == LWS_EXT_CB_CLIENT_CONSTRUCT) deflates++;
  if (why == LWS_EXT_CB_DESTROY) deflates--;
  return lws_extension_callback_pm_deflate(c, ext, wsi, why, user, in, length);
}

static void push(struct lws *wsi, struct session *s, enum lws_write_protocol how, const void *data, size_t length) {
  struct out *o = malloc(sizeof *o + LWS_PRE + length);
  o->next = NULL;
  o->how = how;
  o->length = length;
  memcpy(o->bytes + LWS_PRE, data, length);
  if (s->last) s->last->next = o;
  else s->first = o;
  s->last = o;
  lws_callback_on_writable(wsi);
}

static int obey(struct lws *wsi, struct session *s, char *text) {
  char *rest = strchr(text, ' ');
  if (rest) *rest++ = 0;
  if (!strcmp(text, "close")) {
    if (rest) {
      char *reason = strchr(rest, ' ');
      lws_close_reason(wsi, atoi(rest), (unsigned char *)(reason ? reason + 1 : ""), reason ? strlen(reason + 1) : 0);
    }
    return -1;
  }
  if (!strcmp(text, "ping")) push(wsi, s, LWS_WRITE_PING, rest, strlen(rest));
  else if (!strcmp(text, "fragments")) {
    push(wsi, s, LWS_WRITE_TEXT | LWS_WRITE_NO_FIN, "one ", 4);
    push(wsi, s, LWS_WRITE_CONTINUATION | LWS_WRITE_NO_FIN, "two ", 4);
    push(wsi, s, LWS_WRITE_CONTINUATION, "three", 5);
  } else if (!strcmp(text, "protocol")) {
    const char *name = lws_get_protocol(wsi)->name;
    push(wsi, s, LWS_WRITE_TEXT, name, strcmp(name, "none") ? strlen(name) : 0);
  } else if (!strcmp(text, "abort")) {
    lws_set_timeout(wsi, 1, LWS_TO_KILL_ASYNC);
  } else push(wsi, s, LWS_WRITE_TEXT, "can't", 5);
  return 0;
}

static int callback(struct lws *wsi, enum lws_callback_reasons why, void *user, void *in, size_t length) {
  struct session *s = user;
  switch (why) {
  case LWS_CALLBACK_ESTABLISHED:
  case LWS_CALLBACK_CLIENT_ESTABLISHED:
    memset(s, 0, sizeof *s);
    break;
  case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    dialing = 1;
    break;
  case LWS_CALLBACK_RECEIVE:
  case LWS_CALLBACK_CLIENT_RECEIVE:
    if (s->length + length > (size_t)atol(getenv("LIMIT"))) {
      lws_close_reason(wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, NULL, 0);
      return -1;
    }
    s->in = realloc(s->in, s->length + length + 1);
    memcpy(s->in + s->length, in, length);
    s->length += length;
    if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi)) break;
    length = s->length;
    s->length = 0;
    s->in[length] = 0;
    if (!lws_frame_is_binary(wsi) && length && s->in[0] == '!') return obey(wsi, s, (char *)s->in + 1);
    /* It has no way to write an empty message where it compresses. */
    if (length == 0 && deflates) push(wsi, s, LWS_WRITE_TEXT, "can't", 5);
    else push(wsi, s, lws_frame_is_binary(wsi) ? LWS_WRITE_BINARY : LWS_WRITE_TEXT, s->in, length);
    break;
  case LWS_CALLBACK_RECEIVE_PONG:
  case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
    if (length) {
      char text[160];
      push(wsi, s, LWS_WRITE_TEXT, text, snprintf(text, sizeof text, "pong %.*s", (int)length, (char *)in));
    }
    break;
  case LWS_CALLBACK_SERVER_WRITEABLE:
  case LWS_CALLBACK_CLIENT_WRITEABLE:
    if (s->first) {
      struct out *o = s->first;
      lws_write(wsi, o->bytes + LWS_PRE, o->length, o->how);
      s->first = o->next;
      if (!s->first) s->last = NULL;
      else lws_callback_on_writable(wsi);
      free(o);
    }
    break;
  case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
    s->code = length >= 2 ? ((unsigned char *)in)[0] << 8 | ((unsigned char *)in)[1] : 1005;
    snprintf(s->reason, sizeof s->reason, "%.*s", length > 2 ? (int)length - 2 : 0, (char *)in + 2);
    break;
  case LWS_CALLBACK_CLOSED:
  case LWS_CALLBACK_CLIENT_CLOSED:
    printf("closed %d %s\n", s->code ? s->code : 1006, s->reason);
    dialing = 1;
    break;
  default:
    break;
  }
  return 0;
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  lws_set_log_level(0, NULL);
  snprintf(names, sizeof names, "%s", getenv("PROTOCOLS") ? getenv("PROTOCOLS") : "");
  const struct lws_protocols protocols[] = {
      {*names ? names : "none", callback, sizeof(struct session), 65536},
      {0},
  };
  const struct lws_extension extensions[] = {
      {"permessage-deflate", deflate, "permessage-deflate; client_max_window_bits"},
      {0},
  };
  struct lws_context_creation_info info = {.protocols = protocols, .extensions = extensions, .gid = -1, .uid = -1};
  int is_server = !strcmp(argv[1], "server");
  info.port = is_server ? 0 : CONTEXT_PORT_NO_LISTEN;
  info.iface = is_server ? "127.0.0.1" : NULL;
  context = lws_create_context(&info);
  if (is_server) printf("port %d\n", lws_get_vhost_listen_port(lws_get_vhost_by_name(context, "default")));
  else port = atoi(strrchr(argv[2], ':') + 1);
  for (;;) {
    if (!is_server && dialing) {
      struct lws_client_connect_info how = {.context = context, .address = "127.0.0.1", .port = port, .path = "/"};
      how.host = how.address;
      how.protocol = *names ? names : NULL;
      how.local_protocol_name = protocols[0].name;
      dialing = 0;
      lws_client_connect_via_info(&how);
    }
    lws_service(context, 0);
  }
}
