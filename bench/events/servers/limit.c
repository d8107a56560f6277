/*
 * No server that anybody could use, but the limit of what one can do: epoll, bytes that were made before, all
 * messages of a turn for a subscriber in one write. It takes any handshake, believes that a request and a
 * subscription arrive in one piece each, and keeps what a subscriber does not read as a number, for all
 * messages are the same bytes.
 *
 *     limit MESSAGE_BYTES
 *
 *   0  what to publish: numbers of topics, one message each, a batch on a line; ends at its end
 *   1  the port, once
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  INPUT = 0,
  HEADER_BYTES = 4,
  /* Of a masked frame with a short text: header, and a mask of zeros. */
  CLIENT_HEADER_BYTES = 6,
  ROUND = 1024,
  MAX_CONNECTIONS = 1 << 17,
  MAX_TOPICS = 1 << 17,
  /* Messages of the longest write. */
  LONGEST_RUN = 256,
  BACKLOG = 4096,
};

struct connection {
  uint64_t written;
  uint64_t owed;
  /* The next one with the same topic; 0: none. */
  int next;
  char has_shaken_hands;
  char is_full;
  char is_gone;
};

/* By descriptor. A connection that is gone keeps its own until the end, so that none has two meanings. */
static struct connection connections[MAX_CONNECTIONS];
/* The first connection of each topic; 0: none. */
static int subscribers[MAX_TOPICS];

static uint64_t due[MAX_TOPICS];
static uint32_t due_topics[MAX_TOPICS];
static size_t due_count;

static char *run;
static uint64_t frame_bytes;

static void fail(const char *what) {
  fprintf(stderr, "limit: %s: %s\n", what, strerror(errno));
  exit(1);
}

/* One message longer than the longest run: a write may begin anywhere in the first. */
static void make_run(uint64_t message_bytes) {
  frame_bytes = HEADER_BYTES + message_bytes;
  run = malloc((LONGEST_RUN + 1) * frame_bytes);
  if (run == NULL) fail("bytes");
  for (uint64_t i = 0; i <= LONGEST_RUN; i += 1) {
    unsigned char *frame = (unsigned char *)run + i * frame_bytes;
    memset(frame, 'x', frame_bytes);
    frame[0] = 0x81;
    frame[1] = 126;
    frame[2] = (unsigned char)(message_bytes >> 8);
    frame[3] = (unsigned char)message_bytes;
  }
}

static void write_owed(int fd) {
  struct connection *to = &connections[fd];
  while (to->owed > 0 && !to->is_full && !to->is_gone) {
    uint64_t longest = LONGEST_RUN * frame_bytes;
    size_t size = to->owed < longest ? to->owed : longest;
    ssize_t sent = send(fd, run + to->written % frame_bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      to->written += (uint64_t)sent;
      to->owed -= (uint64_t)sent;
    } else if (errno == EAGAIN) {
      to->is_full = 1;
    } else {
      to->is_gone = 1;
    }
  }
}

static void write_due(void) {
  for (size_t i = 0; i < due_count; i += 1) {
    uint32_t topic = due_topics[i];
    uint64_t bytes = due[topic] * frame_bytes;
    due[topic] = 0;
    for (int fd = subscribers[topic]; fd != 0; fd = connections[fd].next) {
      connections[fd].owed += bytes;
      write_owed(fd);
    }
  }
  due_count = 0;
}

static void publish(uint64_t topic) {
  if (topic >= MAX_TOPICS) return;
  if (due[topic] == 0) {
    due_topics[due_count] = (uint32_t)topic;
    due_count += 1;
  }
  due[topic] += 1;
}

static void read_input(void) {
  static uint64_t topic;
  static int is_in_number;
  char input[65536];
  ssize_t got = read(INPUT, input, sizeof input);
  if (got == 0) exit(0);
  for (ssize_t i = 0; i < got; i += 1) {
    int is_digit = input[i] >= '0' && input[i] <= '9';
    if (is_digit) topic = topic * 10 + (uint64_t)(input[i] - '0');
    else if (is_in_number) publish(topic);
    if (!is_digit) topic = 0;
    is_in_number = is_digit;
  }
}

static void say(int fd, const char *bytes, size_t size) {
  if (send(fd, bytes, size, MSG_NOSIGNAL) != (ssize_t)size) connections[fd].is_gone = 1;
}

/* The topic is "t" and its number. */
static void subscribe(int fd, const char *frame) {
  static const char ok[] = {(char)0x81, 2, 'o', 'k'};
  unsigned long topic = strtoul(frame + CLIENT_HEADER_BYTES + 1, NULL, 10);
  if (topic >= MAX_TOPICS) {
    connections[fd].is_gone = 1;
    return;
  }
  connections[fd].next = subscribers[topic];
  subscribers[topic] = fd;
  say(fd, ok, sizeof ok);
}

static void hear(int fd) {
  static const char welcome[] =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
  char said[4096];
  ssize_t got = recv(fd, said, sizeof said - 1, MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) {
    connections[fd].is_gone = 1;
    return;
  }
  said[got] = '\0';
  if (connections[fd].has_shaken_hands) {
    if (got > CLIENT_HEADER_BYTES) subscribe(fd, said);
    return;
  }
  connections[fd].has_shaken_hands = 1;
  say(fd, welcome, sizeof welcome - 1);
}

static void watch(int epoll, int fd, uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) fail("a descriptor could not be watched");
}

static void take_connections(int epoll, int listener) {
  static const int yes = 1;
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && errno == EAGAIN) return;
    if (fd < 0 || fd >= MAX_CONNECTIONS) fail("accept");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    watch(epoll, fd, EPOLLIN | EPOLLOUT | EPOLLET);
  }
}

static int listen_somewhere(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, BACKLOG) != 0)
    fail("listen");
  if (getsockname(fd, (struct sockaddr *)&address, &size) != 0) fail("getsockname");
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

static void serve(int fd, uint32_t events) {
  if (events & EPOLLOUT) {
    connections[fd].is_full = 0;
    write_owed(fd);
  }
  if (events & ~(uint32_t)EPOLLOUT) hear(fd);
}

int main(int argc, char **argv) {
  static struct epoll_event events[ROUND];
  if (argc != 2) {
    errno = EINVAL;
    fail("expected MESSAGE_BYTES");
  }
  make_run(strtoull(argv[1], NULL, 10));
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) fail("epoll_create1");
  int listener = listen_somewhere();
  watch(epoll, listener, EPOLLIN);
  watch(epoll, INPUT, EPOLLIN);
  for (;;) {
    int count = epoll_wait(epoll, events, ROUND, -1);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < count; i += 1) {
      int fd = events[i].data.fd;
      if (fd == listener) take_connections(epoll, listener);
      else if (fd == INPUT) read_input();
      else serve(fd, events[i].events);
    }
    write_due();
  }
}
