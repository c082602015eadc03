#include "worker/loop.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/hang_up.h"
#include "base/log.h"
#include "base/notify.h"
#include "wire/wire.h"

#define HALT_LOOK_MS   1000
#define WAIT_FAILS_MAX 100
#define DOWN_MS        1000 /* a restart of the controller is not worth a line */
#define TELL_MS        10000
#define WAIT_FAIL_MS   10

enum asg_status asg_worker_loop_send(void *context, enum asg_message_type type,
                                     const void *object)
{
    struct asg_worker_loop *loop = context;
    asg_bytes_reset(&loop->frame);
    asg_wire_encode_message(type, object, &loop->frame);
    return asg_bus_connection_send(loop->connection, loop->frame.data,
                                   loop->frame.length);
}

enum asg_status asg_worker_loop_open(struct asg_worker_loop *loop,
                                     struct asg_error *error)
{
    loop->link_ms = asg_clock_monotonic_ms(&loop->clock);
    return loop->connect(loop->connect_context, &loop->connection, error);
}

void asg_worker_loop_clear(struct asg_worker_loop *loop)
{
    asg_bus_connection_destroy(&loop->connection);
    asg_bytes_clear(&loop->frame);
}

static void tell_down(const struct asg_worker_loop *loop, enum asg_bus_link link,
                      const char *why)
{
    if (link == ASG_BUS_LINK_REFUSED) {
        asg_log_warn("worker", "refused",
                     "this worker's key %s is not in the controller's workers.d: copy %s "
                     "there; still trying",
                     loop->public_key, loop->public_file);
    } else {
        asg_log_warn("worker", "controller_away", "%s; still trying", why);
    }
}

/* Silence is nobody's friend: why there is no controller, at once and each ten seconds.
 */
static void tell_link(struct asg_worker_loop *loop)
{
    const char *why = NULL;
    enum asg_bus_link link = asg_bus_connection_link(loop->connection, &why);
    int64_t now_ms = asg_clock_monotonic_ms(&loop->clock);
    if (link == ASG_BUS_LINK_UP) {
        if (loop->link != ASG_BUS_LINK_UP) {
            asg_log_info("worker", "controller_reached", "%s", why);
        }
        loop->link_ms = now_ms;
        loop->next_tell_ms = now_ms + DOWN_MS;
    } else if (link != loop->link && link == ASG_BUS_LINK_REFUSED) {
        loop->next_tell_ms = now_ms; /* another reason than before */
    } else if (loop->next_tell_ms == 0) {
        loop->next_tell_ms = loop->link_ms + DOWN_MS;
    }
    loop->link = link;
    if (link == ASG_BUS_LINK_UP || now_ms < loop->next_tell_ms) return;
    tell_down(loop, link, why);
    loop->next_tell_ms = now_ms + TELL_MS;
}

static size_t receive_all(struct asg_worker_loop *loop)
{
    size_t count = 0;
    struct asg_bus_message message = {0};
    while (asg_bus_connection_receive(loop->connection, &message) == ASG_OK) {
        asg_worker_receive(loop->worker, message.data, message.length);
        count++;
    }
    return count;
}

/* True when a signal to stop came. */
static bool take_signal(const struct asg_worker_loop *loop)
{
    struct signalfd_siginfo info;
    return read(loop->signal_fd, &info, sizeof info) == (ssize_t)sizeof info;
}

static void look_for_halt_file(struct asg_worker_loop *loop)
{
    if (loop->halt_file[0] == '\0') return;
    asg_worker_halt(loop->worker, access(loop->halt_file, F_OK) == 0);
}

/* Everything that needs no waiting; returns the monotonic moment of the next timer. The
 * bus tells of messages by edges that sending eats, so the last thing before a wait is
 * always a receive that finds nothing. */
static int64_t do_due(struct asg_worker_loop *loop)
{
    look_for_halt_file(loop);
    tell_link(loop);
    int64_t next_ms = 0;
    do {
        next_ms = asg_worker_tick(loop->worker);
    } while (receive_all(loop) > 0);
    asg_worker_pages_update(loop->pages, loop->worker);
    return next_ms;
}

/* Signatures are made with EC2's time once it refused one for ours. */
static void tell_of_skew(struct asg_worker_loop *loop)
{
    int64_t skew_ms = asg_ec2_client_skew_ms(loop->ec2);
    if (skew_ms == loop->skew_ms) return;
    loop->skew_ms = skew_ms;
    asg_log_warn("worker", "clock_skew",
                 "ahead_ms=%lld: EC2's clock is that far ahead of ours; signing by its "
                 "time, set the clock of this host",
                 (long long)skew_ms);
}

static int64_t wait_ms_until(const struct asg_worker_loop *loop, int64_t next_ms)
{
    int64_t wait_ms = next_ms - asg_clock_monotonic_ms(&loop->clock);
    if (wait_ms < 0) return 0;
    return wait_ms < HALT_LOOK_MS ? wait_ms : HALT_LOOK_MS;
}

enum asg_status asg_worker_loop_run(struct asg_worker_loop *loop)
{
    int64_t stop_at_ms = INT64_MAX;
    int failed = 0;
    for (;;) {
        int64_t next_ms = do_due(loop);
        (void)asg_notify_alive(asg_clock_monotonic_ms(&loop->clock));
        if (stop_at_ms != INT64_MAX && asg_worker_is_idle(loop->worker)) return ASG_OK;
        if (asg_clock_monotonic_ms(&loop->clock) >= stop_at_ms) return ASG_ERR_TIMEOUT;
        if (stop_at_ms < next_ms) next_ms = stop_at_ms;

        struct pollfd fds[] = {
            {.fd = asg_bus_connection_fd(loop->connection), .events = POLLIN},
            {.fd = loop->signal_fd, .events = POLLIN},
        };
        enum asg_status status =
            asg_ec2_client_poll(loop->ec2, fds, 2, wait_ms_until(loop, next_ms));
        if (status != ASG_OK) {
            if (++failed >= WAIT_FAILS_MAX) return status;
            (void)poll(NULL, 0, WAIT_FAIL_MS);
            continue;
        }
        failed = 0;
        tell_of_skew(loop);
        asg_log_tell_repeats();
        asg_hang_up_tell("worker");
        if ((fds[1].revents & POLLIN) == 0 || !take_signal(loop)) continue;
        if (stop_at_ms != INT64_MAX) return ASG_ERR_TIMEOUT; /* asked twice */
        struct asg_worker_counts counts = asg_worker_counts(loop->worker);
        asg_log_info("worker", "stopping",
                     "running=%u unacknowledged=%u, at most %lld ms for them",
                     counts.running, counts.unacknowledged, (long long)loop->stop_ms);
        stop_at_ms = asg_clock_monotonic_ms(&loop->clock) + loop->stop_ms;
        asg_notify_stopping();
        asg_worker_stop(loop->worker);
    }
}
