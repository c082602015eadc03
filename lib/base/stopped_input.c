#include "base/stopped_input.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

#define FDS_MAX 1048576 /* the kernel's own limit (fs.nr_open), unless it was raised */

enum { HAD_INPUT = 1, IS_OUT = 2 };

static _Atomic uint8_t states[FDS_MAX]; /* of a descriptor: one thread polls it */

/* The C library's, or a sanitizer's where there is one. */
static void *find_next(void *_Atomic *known, const char *name)
{
    void *found = atomic_load(known);
    if (found == NULL) {
        found = dlsym(RTLD_NEXT, name);
        atomic_store(known, found);
    }
    return found;
}

static int call(int set, int what, int fd, struct epoll_event *event)
{
    static void *_Atomic known;
    int (*next)(int, int, int, struct epoll_event *) = NULL;
    void *found = find_next(&known, "epoll_ctl");
    memcpy(&next, &found, sizeof next);
    return next(set, what, fd, event);
}

static int call_wait(int set, struct epoll_event *ret_events, int most, int timeout_ms)
{
    static void *_Atomic known;
    int (*next)(int, struct epoll_event *, int, int) = NULL;
    void *found = find_next(&known, "epoll_wait");
    memcpy(&next, &found, sizeof next);
    return next(set, ret_events, most, timeout_ms);
}

/* libzmq names its threads ZMQbg/IO/0 and so on. */
static bool is_libzmq(void)
{
    static _Thread_local int known; /* 0: not asked yet */
    if (known == 0) {
        char name[16] = "";
        (void)prctl(PR_GET_NAME, name);
        known = strncmp(name, "ZMQbg/", 6) == 0 ? 1 : -1;
    }
    return known == 1;
}

static int change(int set, int fd, struct epoll_event *event)
{
    uint8_t state = atomic_load(&states[fd]);
    bool has_input = (event->events & EPOLLIN) != 0;
    if (!has_input && (state & HAD_INPUT) != 0 && is_libzmq()) {
        if ((state & IS_OUT) == 0 && call(set, EPOLL_CTL_DEL, fd, event) != 0) return -1;
        atomic_store(&states[fd], HAD_INPUT | IS_OUT);
        return 0;
    }
    int what = (state & IS_OUT) != 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    int result = call(set, what, fd, event);
    if (result == 0) {
        atomic_store(&states[fd], has_input ? HAD_INPUT : (uint8_t)(state & HAD_INPUT));
    }
    return result;
}

int epoll_ctl(int set, int what, int fd, struct epoll_event *event)
{
    if (fd < 0 || fd >= FDS_MAX) return call(set, what, fd, event);
    if (what == EPOLL_CTL_MOD) return change(set, fd, event);
    uint8_t state = atomic_exchange(&states[fd], 0);
    if (what == EPOLL_CTL_DEL && (state & IS_OUT) != 0) return 0;
    int result = call(set, what, fd, event);
    if (what == EPOLL_CTL_ADD && result == 0 && (event->events & EPOLLIN) != 0) {
        atomic_store(&states[fd], HAD_INPUT);
    }
    return result;
}

/* libzmq calls in_event() once for an error and once more for input (epoll.cpp, loop). If
 * the first call stops the input, the second takes that for the error. So it is told of
 * input alone: reading finds out what is wrong with the connection, after all of its
 * data. */
int epoll_wait(int set, struct epoll_event *ret_events, int most, int timeout_ms)
{
    int count = call_wait(set, ret_events, most, timeout_ms);
    if (count <= 0 || !is_libzmq()) return count;
    for (int i = 0; i < count; i++) {
        bool is_broken = (ret_events[i].events & (EPOLLERR | EPOLLHUP)) != 0;
        if (is_broken) ret_events[i].events = EPOLLIN;
    }
    return count;
}

void asg_stopped_input_link(void)
{
}
