/* A bare HTTP/1.1 server for the benchmarks, one epoll loop, no parser worth the name.
 *
 *   server PORT json                      answers every request with a fixed chat completion
 *   server PORT sse TOKENS TTFT_US ITL_US answers with an event stream, one write() for each token, on an absolute schedule
 *
 * A request ends at its declared content-length. It is the floor that other servers are compared with.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_FD 65536
#define SLOTS 65536 /* 1 ms each */

typedef struct {
  int open, used, sending, linked, token;
  uint64_t start_us;
  int next; /* in its wheel slot */
  char in[8192];
} conn;

static conn *conns[MAX_FD];
static int slot[SLOTS];
static int sse, tokens, ttft_us, itl_us, epfd;
static char json_answer[2048];
static int json_length;

static uint64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* A number that the wheel still holds is closed when its slot comes, so that no other connection gets it before. */
static void drop(int fd) {
  conn *c = conns[fd];
  c->open = 0;
  if (c->linked) epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL);
  else close(fd);
}

static void arm(int fd, uint64_t due_us) {
  int at = (int)((due_us / 1000 + 1) % SLOTS);
  conns[fd]->linked = 1;
  conns[fd]->next = slot[at];
  slot[at] = fd;
}

static const char *head =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n";

static void put(int fd, const char *data, int length) {
  ssize_t n = write(fd, data, (size_t)length);
  if (n != length && errno != EAGAIN) conns[fd]->sending = 0;
}

static void send_token(int fd) {
  static char frame[512];
  conn *c = conns[fd];
  char data[400];
  int n = snprintf(data, sizeof data,
                   "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"gpt-4o\","
                   "\"system_fingerprint\":\"fp\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n");
  int last = c->token + 1 >= tokens;
  int m = snprintf(frame, sizeof frame, "%x\r\n%s\r\n%s", n, data, last ? "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n" : "");
  put(fd, frame, m);
  c->token++;
  if (last) c->sending = 0;
}

static void begin(int fd) {
  conn *c = conns[fd];
  if (!sse) {
    put(fd, json_answer, json_length);
    return;
  }
  put(fd, head, (int)strlen(head));
  c->sending = 1;
  c->token = 0;
  c->start_us = now_us();
  arm(fd, c->start_us + (uint64_t)ttft_us);
}

/* Answers each complete request in the buffer, one after the other. */
static void serve(int fd) {
  conn *c = conns[fd];
  while (!c->sending) {
    c->in[c->used] = 0;
    char *end = strstr(c->in, "\r\n\r\n");
    if (!end) return;
    int length = (int)(end - c->in) + 4;
    char *cl = strcasestr(c->in, "content-length:");
    if (cl && cl < end) length += atoi(cl + 15);
    if (c->used < length) return;
    memmove(c->in, c->in + length, (size_t)(c->used - length));
    c->used -= length;
    begin(fd);
  }
}

static void receive(int fd) {
  conn *c = conns[fd];
  ssize_t n = read(fd, c->in + c->used, sizeof c->in - 1 - (size_t)c->used);
  if (n == 0 || (n < 0 && errno != EAGAIN)) {
    drop(fd);
    return;
  }
  if (n < 0) return;
  c->used += (int)n;
  serve(fd);
}

static void turn(uint64_t *done_ms) {
  uint64_t now = now_us(), now_ms = now / 1000;
  for (; *done_ms <= now_ms; (*done_ms)++) {
    int at = (int)(*done_ms % SLOTS), fd = slot[at];
    slot[at] = 0;
    while (fd) {
      conn *c = conns[fd];
      int next = c->next;
      c->linked = 0;
      if (!c->open) close(fd);
      else if (c->sending) {
        send_token(fd);
        if (c->sending) arm(fd, c->start_us + (uint64_t)ttft_us + (uint64_t)c->token * (uint64_t)itl_us);
        else serve(fd);
      }
      fd = next;
    }
  }
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  signal(SIGPIPE, SIG_IGN);
  sse = strcmp(argv[2], "sse") == 0;
  if (sse) {
    tokens = atoi(argv[3]);
    ttft_us = atoi(argv[4]);
    itl_us = atoi(argv[5]);
  }
  char body[1024];
  int n = snprintf(body, sizeof body,
                   "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,"
                   "\"message\":{\"role\":\"assistant\",\"content\":\"%.250s\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
                   "\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":50,\"total_tokens\":70}}",
                   "The short answer is that it depends on how much traffic you expect and how fast it grows. A simple approach is to "
                   "start with one small service and measure it before you add anything else. First, check that the input is valid, "
                   "because most problems begin there.");
  json_length = snprintf(json_answer, sizeof json_answer, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s", n, body);

  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) {
    perror("bind");
    return 1;
  }
  epfd = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
  epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &event);
  printf("ready\n");
  fflush(stdout);
  uint64_t done_ms = now_us() / 1000;
  for (;;) {
    int count = epoll_wait(epfd, events, 256, sse ? 1 : -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd != listener) {
        receive(fd);
        continue;
      }
      int client;
      while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (!conns[client]) conns[client] = malloc(sizeof(conn));
        memset(conns[client], 0, sizeof(conn));
        conns[client]->open = 1;
        event.events = EPOLLIN;
        event.data.fd = client;
        epoll_ctl(epfd, EPOLL_CTL_ADD, client, &event);
      }
    }
    if (sse) turn(&done_ms);
  }
}
