/* A load generator for the benchmarks, loopback only, bounded in time.
 *
 *   load PORT CONNECTIONS SECONDS REQUEST_FILE [ITL_US [RATE]]
 *
 * Each connection sends the request again as soon as the answer before it is whole. Answers end by content-length or by
 * the last chunk. With ITL_US answers are event streams: every event with some content is a token, and the gap between two
 * tokens of a stream is compared with ITL_US. With RATE requests are due at so many a second whatever becomes of those before
 * them, once every connection has had an answer: a server that is busy accepts only few. One that finds no free connection is not sent, as a gateway does whose pool is full: a queue in here would grow for
 * ever, and its age would be measured instead of the server. Times count from when a request was due, and an answer is good
 * when it has status 200 and came within a second. It never sleeps, so that waking it does not count as work of the server.
 * Warms up for a fifth of the time; prints one line of JSON.
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

#define BUCKETS 20000 /* 0.1 ms each */
#define MARK "\"content\":\""
#define MARK_LENGTH 11

typedef struct {
  int fd, used, head_done, left, chunked, events, failed;
  uint64_t sent_us, last_us;
  char in[65536];
} conn;

static char request[65536];
static int request_length, port, itl_us, measuring, epfd;
/* Connections of a given rate that have not had an answer yet. */
static int opening;
static uint64_t good, rate, begun, begin_us;
static conn **idle;
static int idle_count;
static uint64_t unsent, answers, events_seen, errors, gaps[BUCKETS], gap_count, times[BUCKETS], time_count;

static uint64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void ask(conn *c) {
  c->used = c->head_done = c->left = c->chunked = c->events = c->failed = 0;
  c->sent_us = rate && !opening ? begin_us + begun * 1000000 / rate : now_us();
  c->last_us = 0;
  if (write(c->fd, request, (size_t)request_length) != request_length) errors++;
}

static void reconnect(conn *c) {
  int one = 1;
  if (c->fd > 0) close(c->fd);
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(c->fd, (struct sockaddr *)&to, sizeof to)) {
    perror("connect");
    exit(1);
  }
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(epfd, EPOLL_CTL_ADD, c->fd, &event);
}

static void note_event(conn *c, uint64_t now) {
  if (measuring) {
    events_seen++;
    if (c->last_us) {
      int64_t error = (int64_t)(now - c->last_us) - itl_us;
      uint64_t at = (uint64_t)(error < 0 ? -error : error) / 100;
      gaps[at < BUCKETS ? at : BUCKETS - 1]++;
      gap_count++;
    }
  }
  c->last_us = now;
  c->events++;
}

static void answered(conn *c) {
  if (measuring) {
    uint64_t at = (now_us() - c->sent_us) / 100;
    answers++;
    if (!c->failed && at < 10000) good++;
    times[at < BUCKETS ? at : BUCKETS - 1]++;
    time_count++;
  }
  if (opening) opening--;
  if (rate) idle[idle_count++] = c;
  else ask(c);
}

/* Looks only at what came last; keeps a tail for marks that are split. */
static void receive(conn *c) {
  if (c->used > 60000) c->used = 0;
  int before = c->used;
  ssize_t n = read(c->fd, c->in + c->used, sizeof c->in - 1 - (size_t)c->used);
  if (n <= 0) {
    errors++;
    reconnect(c);
    if (rate) idle[idle_count++] = c;
    else ask(c);
    return;
  }
  c->used += (int)n;
  c->in[c->used] = 0;
  int from = 0;
  if (!c->head_done) {
    char *end = strstr(c->in, "\r\n\r\n");
    if (!end) return;
    if (memcmp(c->in, "HTTP/1.1 200", 12)) {
      errors++;
      c->failed = 1;
    }
    char *cl = strcasestr(c->in, "content-length:");
    c->head_done = 1;
    from = (int)(end - c->in) + 4;
    if (cl && cl < end) c->left = atoi(cl + 15);
    else c->chunked = 1;
    before = from;
  }
  if (!c->chunked) {
    c->left -= c->used - (from ? from : before);
    c->used = 0;
    if (c->left <= 0) answered(c);
    return;
  }
  uint64_t now = now_us();
  int scan = before > MARK_LENGTH && !from ? before - MARK_LENGTH : from;
  if (itl_us) {
    for (char *mark = c->in + scan; (mark = strstr(mark, MARK)); mark += MARK_LENGTH) {
      char *first = mark + MARK_LENGTH;
      if (*first && *first != '"' && (first >= c->in + before || from)) note_event(c, now);
    }
  }
  if (c->used >= 5 && !memcmp(c->in + c->used - 5, "0\r\n\r\n", 5)) {
    answered(c);
    return;
  }
  int keep = c->used > MARK_LENGTH ? MARK_LENGTH : c->used;
  memmove(c->in, c->in + c->used - keep, (size_t)keep);
  c->used = keep;
}

/* Opens all connections, a few at a time, and waits until each has had an answer. */
static void open_all(conn *all, int count) {
  struct epoll_event events[512];
  opening = count;
  for (int opened = 0; opening;) {
    for (; opened < count && opened - idle_count < 32; opened++) {
      reconnect(&all[opened]);
      ask(&all[opened]);
    }
    int ready = epoll_wait(epfd, events, 512, 0);
    for (int i = 0; i < ready; i++) receive(events[i].data.ptr);
  }
}

static double quantile(const uint64_t *counts, uint64_t total, double q) {
  uint64_t want = (uint64_t)(q * (double)total), seen = 0;
  for (int i = 0; i < BUCKETS; i++) {
    seen += counts[i];
    if (seen > want) return i * 0.1;
  }
  return total ? BUCKETS * 0.1 : 0;
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  signal(SIGPIPE, SIG_IGN);
  port = atoi(argv[1]);
  int count = atoi(argv[2]);
  double seconds = atof(argv[3]);
  FILE *file = fopen(argv[4], "r");
  if (!file) return 2;
  request_length = (int)fread(request, 1, sizeof request, file);
  fclose(file);
  if (argc > 5) itl_us = atoi(argv[5]);
  if (argc > 6) rate = (uint64_t)atol(argv[6]);
  epfd = epoll_create1(0);
  conn *all = calloc((size_t)count, sizeof(conn));
  idle = calloc((size_t)count, sizeof(conn *));
  uint64_t ramp_us = itl_us ? (uint64_t)(seconds * 1e6 / 5) / (uint64_t)count : 0;
  struct epoll_event events[512];
  if (rate) open_all(all, count);
  uint64_t begin = now_us(), warm = begin + (uint64_t)(seconds * 1e6 / 5), end = 0;
  if (itl_us) warm += (uint64_t)(seconds * 1e6 / 5);
  end = warm + (uint64_t)(seconds * 1e6);
  int opened = rate ? count : 0;
  begin_us = begin;
  uint64_t from = 0;
  for (;;) {
    uint64_t now = now_us();
    while (opened < count && (uint64_t)opened * ramp_us <= now - begin) {
      reconnect(&all[opened]);
      ask(&all[opened]);
      opened++;
    }
    for (; rate && begun * 1000000 / rate <= now - begin; begun++) {
      if (idle_count) ask(idle[--idle_count]);
      else if (measuring) unsent++;
    }
    if (!measuring && now >= warm) {
      measuring = 1;
      from = now;
    }
    if (now >= end) break;
    int ready = epoll_wait(epfd, events, 512, 0);
    for (int i = 0; i < ready; i++) receive(events[i].data.ptr);
  }
  double took = (double)(now_us() - from) / 1e6;
  printf("{\"responses\":%lu,\"good\":%lu,\"unsent\":%lu,\"events\":%lu,\"errors\":%lu,\"seconds\":%.4f,\"p50Ms\":%.1f,\"p99Ms\":%.1f,\"gapP50Ms\":%.1f,\"gapP99Ms\":%.1f}\n",
         answers, good, unsent, events_seen, errors, took, quantile(times, time_count, 0.5), quantile(times, time_count, 0.99),
         quantile(gaps, gap_count, 0.5), quantile(gaps, gap_count, 0.99));
  return 0;
}
