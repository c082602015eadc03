/* strange_peers - many connections from many addresses that say nothing of use.
 *
 *     strange_peers ADDRESS:PORT FIRST_SOURCE SOURCES CONNECTIONS MODE SECONDS
 *
 * Holds up to CONNECTIONS at once from SOURCES loopback addresses, FIRST_SOURCE and those
 * after it; one that is lost is opened again. MODE is what each says:
 *
 * silent  nothing
 * junk    frames as ZMTP has them, without a handshake, as fast as they are taken
 * tls     the beginning of a TLS handshake, and no more
 * http    a byte of a request's header now and then
 *
 * Ends with "opened N refused N open N frames N" (frames of 64 bytes). Refused is a
 * connection that was lost. Part of ./dev attack.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME      64
#define FRAMES     64 /* written at once */
#define EVENTS     256
#define OPEN_BURST 200

struct flood {
    struct sockaddr_in to;
    uint32_t first_source;
    uint32_t sources;
    uint32_t most;
    const char *mode;
    int poll;
    uint32_t open;
    uint32_t turn;
    uint64_t opened;
    uint64_t refused;
    uint64_t bytes;
    uint8_t junk[FRAME * FRAMES];
};

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_mode(const struct flood *flood, const char *mode)
{
    return strcmp(flood->mode, mode) == 0;
}

static void open_one(struct flood *flood)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    const int yes = 1;
    (void)setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    struct sockaddr_in from = {.sin_family = AF_INET};
    from.sin_addr.s_addr = htonl(flood->first_source + flood->turn++ % flood->sources);
    (void)bind(fd, (struct sockaddr *)&from, sizeof from);
    if (connect(fd, (struct sockaddr *)&flood->to, sizeof flood->to) != 0 &&
        errno != EINPROGRESS) {
        (void)close(fd);
        return;
    }
    bool writes = !is_mode(flood, "silent");
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};
    if (writes) event.events |= EPOLLOUT | (is_mode(flood, "junk") ? 0 : EPOLLET);
    (void)epoll_ctl(flood->poll, EPOLL_CTL_ADD, fd, &event);
    flood->open++;
    flood->opened++;
}

static void lose(struct flood *flood, int fd)
{
    const struct linger now = {.l_onoff = 1};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    (void)close(fd);
    flood->open--;
    flood->refused++;
}

/* False: the connection is lost. */
static bool speak(struct flood *flood, int fd)
{
    static const uint8_t hello[] = {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3};
    ssize_t sent = is_mode(flood, "junk")
                       ? send(fd, flood->junk, sizeof flood->junk, MSG_NOSIGNAL)
                   : is_mode(flood, "tls") ? send(fd, hello, sizeof hello, MSG_NOSIGNAL)
                                           : send(fd, "G", 1, MSG_NOSIGNAL);
    if (sent > 0) flood->bytes += (uint64_t)sent;
    return sent > 0 || errno == EAGAIN;
}

static void look(struct flood *flood, const struct epoll_event *event)
{
    char bytes[4096];
    int fd = event->data.fd;
    if ((event->events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0) {
        lose(flood, fd);
        return;
    }
    if ((event->events & EPOLLIN) != 0 && recv(fd, bytes, sizeof bytes, 0) == 0) {
        lose(flood, fd);
        return;
    }
    if ((event->events & EPOLLOUT) != 0 && !is_mode(flood, "silent") &&
        !speak(flood, fd)) {
        lose(flood, fd);
    }
}

/* ZMTP's greeting, then frames of a length that fits, without any handshake. */
static void fill_junk(struct flood *flood)
{
    for (size_t i = 0; i < FRAMES; i++) {
        uint8_t *frame = flood->junk + i * FRAME;
        memset(frame, 0x5a, FRAME);
        frame[0] = 0;
        frame[1] = FRAME - 2;
    }
    flood->junk[0] = 0xff;
    flood->junk[9] = 0x7f;
    flood->junk[10] = 3;
}

static void run(struct flood *flood, int64_t seconds)
{
    int64_t until_ms = now_ms() + seconds * 1000;
    struct epoll_event events[EVENTS];
    while (now_ms() < until_ms) {
        for (int i = 0; i < OPEN_BURST && flood->open < flood->most; i++) {
            open_one(flood);
        }
        int count = epoll_wait(flood->poll, events, EVENTS, 20);
        for (int i = 0; i < count; i++) {
            look(flood, &events[i]);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 7) return 2;
    struct flood flood = {.to.sin_family = AF_INET, .mode = argv[5]};
    char *colon = strrchr(argv[1], ':');
    if (colon == NULL) return 2;
    *colon = '\0';
    flood.to.sin_port = htons((uint16_t)atoi(colon + 1));
    struct in_addr source;
    if (inet_pton(AF_INET, argv[1], &flood.to.sin_addr) != 1 ||
        inet_pton(AF_INET, argv[2], &source) != 1) {
        return 2;
    }
    flood.first_source = ntohl(source.s_addr);
    flood.sources = (uint32_t)atoi(argv[3]);
    flood.most = (uint32_t)atoi(argv[4]);
    flood.poll = epoll_create1(EPOLL_CLOEXEC);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    fill_junk(&flood);
    run(&flood, atoi(argv[6]));
    (void)printf("opened %" PRIu64 " refused %" PRIu64 " open %u frames %" PRIu64 "\n",
                 flood.opened, flood.refused, flood.open, flood.bytes / FRAME);
    return 0;
}
