#include "queue_round.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define SAMPLES_MAX 400000

static int64_t samples[SAMPLES_MAX];
static size_t sample_count;

int64_t now_us(void)
{
    static struct asg_clock clock;
    if (clock.monotonic_us == NULL) clock = asg_clock_real();
    return asg_clock_monotonic_us(&clock);
}

void must(bool ok, const char *what)
{
    if (ok) return;
    (void)fprintf(stderr, "bench_queue: %s: %s\n", what, strerror(errno));
    exit(1);
}

void begin_samples(void)
{
    sample_count = 0;
}

void add_sample(int64_t us)
{
    if (sample_count < SAMPLES_MAX) samples[sample_count++] = us;
}

static int by_size(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

struct round_result end_round(int64_t began_us)
{
    double seconds = (double)(now_us() - began_us) / 1e6;
    must(sample_count > 0, "no job came back");
    qsort(samples, sample_count, sizeof samples[0], by_size);
    return (struct round_result){
        .jobs_a_second = (double)sample_count / seconds,
        .p50_us = (double)samples[sample_count / 2],
        .p99_us = (double)samples[sample_count * 99 / 100],
    };
}

uint16_t free_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    must(bind(fd, (struct sockaddr *)&address, sizeof address) == 0, "bind");
    socklen_t size = sizeof address;
    (void)getsockname(fd, (struct sockaddr *)&address, &size);
    (void)close(fd);
    return ntohs(address.sin_port);
}

pid_t start_server(const char *const *arguments)
{
    pid_t server = fork();
    must(server >= 0, "fork");
    if (server == 0) {
        (void)setpgid(0, 0);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        (void)dup2(null, 0);
        (void)dup2(null, 1);
        (void)dup2(null, 2);
        (void)execvp(arguments[0], (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    (void)setpgid(server, server);
    return server;
}

void end_server(pid_t server)
{
    (void)kill(-server, SIGTERM);
    for (int i = 0; i < 2000; i++) {
        if (waitpid(server, NULL, WNOHANG) != 0) break;
        (void)usleep(10000);
    }
    (void)kill(-server, SIGKILL);
    (void)waitpid(server, NULL, 0);
}
