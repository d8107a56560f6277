/*
 * Many subscribers that do as little as can be, in one process that is not the limit: it takes over connections
 * that have shaken hands, lets the system throw away what they bring, and counts the bytes, for all messages are
 * of one length. Refuses to know a protocol, to connect, and to look at a message.
 *
 *     crowd SUBSCRIBERS FRAME_BYTES COPIES SAMPLE_EVERY WAIT
 *
 *   COPIES        subscribers that each message goes to: all of them, or 1
 *   SAMPLE_EVERY  of one copy in so many the time of arrival is kept; 0: of none (only where COPIES is all)
 *   WAIT          how more bytes are waited for. A server's write to a reader on the same machine that sleeps in
 *                 epoll_wait pays for waking it, which no subscriber far away would cost:
 *                   look   sleeps until something comes, and from then on looks every 50 us, as long as each look
 *                          finds something: what comes in between wakes nobody
 *                   spin   never sleeps, but asks again and again at the lowest priority
 *                   sleep  sleeps whenever there is nothing to read
 *
 *   0  commands: "c" is answered with the count so far, "e" with everything; ends at its end
 *   1  answers, a line of JSON each
 *   3  progress, after each round that changed it: how many messages (from the first on) all of their subscribers
 *      have got
 *   4  and up: the connections
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  COMMANDS = 0,
  PROGRESS = 3,
  FIRST_CONNECTION = 4,
  /* Events of one round. */
  ROUND = 1024,
  /* Messages that one subscriber may be ahead of another; a power of two. */
  RING = 1 << 16,
  LOWEST_PRIORITY = 19,
  LOOK_EVERY_NS = 50 * 1000,
};

enum wait { LOOK, SPIN, SLEEP };

/* More than a connection can hold: one call takes it all. */
#define EVERYTHING ((size_t)1 << 30)

struct subscriber {
  uint64_t bytes;
  uint64_t frames;
};

struct sample {
  uint64_t number;
  double arrived_mono;
};

static size_t subscriber_count;
static struct subscriber *subscribers;
static uint64_t frame_bytes;
static uint64_t copies;
static uint64_t sample_every;
static enum wait wait;

/* Copies that came, in all. */
static uint64_t frames;
/* Messages that all of their subscribers have got. */
static uint64_t completed;
/* Of each message under way: copies that came. */
static uint32_t came[RING];

static struct sample *samples;
static size_t sample_count;
static size_t sample_room;

/* CPU time of the rounds that brought something: all other time of a process that spins is of no use to anybody. */
static double worked_ms;

static void fail(const char *what) {
  fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
  exit(1);
}

static double clock_ms(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double busy_ms(void) {
  return wait == SPIN ? worked_ms : clock_ms(CLOCK_PROCESS_CPUTIME_ID);
}

static void keep_sample(uint64_t number, double arrived_mono) {
  if (sample_count == sample_room) {
    sample_room = sample_room == 0 ? 65536 : sample_room * 2;
    samples = realloc(samples, sample_room * sizeof *samples);
    if (samples == NULL) fail("samples");
  }
  samples[sample_count] = (struct sample){number, arrived_mono};
  sample_count += 1;
}

/* One more copy of a message that goes to all. */
static void count_copy(uint64_t number) {
  if (number - completed >= RING) {
    errno = ERANGE;
    fail("one subscriber is too far ahead of another");
  }
  uint32_t *slot = &came[number & (RING - 1)];
  *slot += 1;
  if (*slot < copies) return;
  *slot = 0;
  completed += 1;
}

static void count_bytes(struct subscriber *subscriber, uint64_t got) {
  subscriber->bytes += got;
  uint64_t whole = subscriber->bytes / frame_bytes;
  uint64_t fresh = whole - subscriber->frames;
  if (copies == 1) {
    /* Where a message has one copy, which of them came does not matter. */
    subscriber->frames = whole;
    frames += fresh;
    completed += fresh;
    return;
  }
  double now = sample_every == 0 || fresh == 0 ? 0 : clock_ms(CLOCK_MONOTONIC);
  for (; subscriber->frames < whole; subscriber->frames += 1) {
    frames += 1;
    if (sample_every != 0 && frames % sample_every == 0) keep_sample(subscriber->frames, now);
    count_copy(subscriber->frames);
  }
}

/* TCP throws away what it would have copied. */
static void receive(size_t index) {
  ssize_t got = recv(FIRST_CONNECTION + (int)index, NULL, EVERYTHING, MSG_TRUNC | MSG_DONTWAIT);
  if (got > 0) {
    count_bytes(&subscribers[index], (uint64_t)got);
    return;
  }
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  fprintf(stderr, "crowd: the server closed the connection of subscriber %zu after %llu bytes\n", index,
          (unsigned long long)subscribers[index].bytes);
  exit(1);
}

static void answer_count(void) {
  printf("{\"frames\":%llu,\"atMono\":%.6f,\"busyMs\":%.6f}\n", (unsigned long long)frames,
         clock_ms(CLOCK_MONOTONIC), busy_ms());
  fflush(stdout);
}

static void answer_everything(void) {
  printf("{\"bytes\":[");
  for (size_t i = 0; i < subscriber_count; i += 1)
    printf(i == 0 ? "%llu" : ",%llu", (unsigned long long)subscribers[i].bytes);
  printf("],\"samples\":[");
  for (size_t i = 0; i < sample_count; i += 1)
    printf(i == 0 ? "[%llu,%.6f]" : ",[%llu,%.6f]", (unsigned long long)samples[i].number,
           samples[i].arrived_mono);
  printf("]}\n");
  fflush(stdout);
}

static void obey(void) {
  char commands[64];
  ssize_t got = read(COMMANDS, commands, sizeof commands);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) exit(0);
  for (ssize_t i = 0; i < got; i += 1) {
    if (commands[i] == 'c') answer_count();
    if (commands[i] == 'e') answer_everything();
  }
}

static void tell_progress(void) {
  char line[32];
  int length = snprintf(line, sizeof line, "%llu\n", (unsigned long long)completed);
  if (write(PROGRESS, line, (size_t)length) == length) return;
  /* Nobody wants to know it any more. */
  if (errno == EPIPE) exit(0);
  fail("progress");
}

static void watch(int epoll, int fd, uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) fail("a connection could not be watched");
}

/* True when something had come. @param timeout of epoll_wait */
static int work_round(int epoll, int timeout) {
  static struct epoll_event events[ROUND];
  int count = epoll_wait(epoll, events, ROUND, timeout);
  if (count < 0 && errno != EINTR) fail("epoll_wait");
  uint64_t before = completed;
  for (int i = 0; i < count; i += 1) {
    if (events[i].data.fd == COMMANDS) obey();
    else receive((size_t)(events[i].data.fd - FIRST_CONNECTION));
  }
  if (completed != before) tell_progress();
  return count > 0;
}

static void spin(int epoll) {
  errno = 0;
  if (nice(LOWEST_PRIORITY) == -1 && errno != 0) fail("nice");
  for (;;) {
    double before = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
    if (work_round(epoll, 0)) worked_ms += clock_ms(CLOCK_PROCESS_CPUTIME_ID) - before;
  }
}

static void look(int epoll) {
  static const struct timespec pause = {.tv_nsec = LOOK_EVERY_NS};
  /* Otherwise the system may make each pause 50 us longer. */
  prctl(PR_SET_TIMERSLACK, 1);
  int had_something = 0;
  for (;;) {
    if (had_something) nanosleep(&pause, NULL);
    had_something = work_round(epoll, had_something ? 0 : -1);
  }
}

static enum wait wait_of(const char *name) {
  if (strcmp(name, "look") == 0) return LOOK;
  if (strcmp(name, "spin") == 0) return SPIN;
  if (strcmp(name, "sleep") == 0) return SLEEP;
  errno = EINVAL;
  fail("WAIT is none of look, spin, sleep");
  return SLEEP;
}

static void read_arguments(int argc, char **argv) {
  if (argc != 6) {
    errno = EINVAL;
    fail("expected SUBSCRIBERS FRAME_BYTES COPIES SAMPLE_EVERY WAIT");
  }
  subscriber_count = strtoull(argv[1], NULL, 10);
  frame_bytes = strtoull(argv[2], NULL, 10);
  copies = strtoull(argv[3], NULL, 10);
  sample_every = strtoull(argv[4], NULL, 10);
  wait = wait_of(argv[5]);
}

int main(int argc, char **argv) {
  read_arguments(argc, argv);
  subscribers = calloc(subscriber_count, sizeof *subscribers);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (subscribers == NULL || epoll < 0) fail("start");
  /* A parent that reads slowly is waited for. */
  fcntl(PROGRESS, F_SETFL, fcntl(PROGRESS, F_GETFL) & ~O_NONBLOCK);
  watch(epoll, COMMANDS, EPOLLIN);
  for (size_t i = 0; i < subscriber_count; i += 1)
    watch(epoll, FIRST_CONNECTION + (int)i, EPOLLIN | EPOLLRDHUP | EPOLLET);
  if (wait == SPIN) spin(epoll);
  if (wait == LOOK) look(epoll);
  for (;;) work_round(epoll, -1);
}
