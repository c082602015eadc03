#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_line.h"

static const char *program_name = "openasg";
static enum asg_log_level lowest_level = ASG_LOG_INFO;
static enum asg_log_format line_format = ASG_LOG_FORMAT_TEXT; /* never AUTO */
static int journal_socket = -1;
static _Atomic unsigned long long journal_lost; /* since the journal took one last */
static struct sockaddr_un journal_address = {.sun_family = AF_UNIX};
static const char *const level_names[] = {"debug", "info", "warn", "error"};

void asg_log_init(const char *program, enum asg_log_level lowest)
{
    program_name = program;
    lowest_level = lowest;
}

enum asg_status asg_log_parse_level(const char *text, enum asg_log_level *ret)
{
    for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *ret = (enum asg_log_level)i;
            return ASG_OK;
        }
    }
    return ASG_ERR_INVALID;
}

/* ---- where lines go ---- */

/* systemd names the socket that it gave us as standard error: not one that somebody has
 * put in its place since (systemd.exec(5), JOURNAL_STREAM). */
static bool is_error_the_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat error;
    if (stream == NULL || fstat(STDERR_FILENO, &error) != 0) return false;
    char ours[64];
    (void)snprintf(ours, sizeof ours, "%ju:%ju", (uintmax_t)error.st_dev,
                   (uintmax_t)error.st_ino);
    return strcmp(stream, ours) == 0;
}

enum asg_log_format asg_log_set_format(enum asg_log_format format,
                                       const char *journal_path)
{
    bool wants_journal = format == ASG_LOG_FORMAT_JOURNAL ||
                         (format == ASG_LOG_FORMAT_AUTO && is_error_the_journal());
    if (journal_socket >= 0) (void)close(journal_socket);
    journal_socket = -1;
    line_format = format == ASG_LOG_FORMAT_JSON ? format : ASG_LOG_FORMAT_TEXT;
    if (!wants_journal) return line_format;
    const char *path = journal_path != NULL ? journal_path : ASG_LOG_JOURNAL_PATH;
    if (strlen(path) >= sizeof journal_address.sun_path) return line_format;
    memcpy(journal_address.sun_path, path, strlen(path) + 1);
    journal_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (journal_socket < 0) return line_format;
    const struct timeval patience = {.tv_usec = ASG_LOG_JOURNAL_MS * 1000L};
    (void)setsockopt(journal_socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    atomic_store(&journal_lost, 0);
    line_format = ASG_LOG_FORMAT_JOURNAL;
    return line_format;
}

/* By address each time: the journal may be another one by now. One that stands still is
 * waited for once, and not again until it takes a line: nobody decides in the meantime.
 */
static ssize_t send_datagram(const struct asg_log_line *line, bool may_wait)
{
    char datagram[ASG_LOG_FORM_MAX];
    size_t length = asg_log_line_as_journal(line, datagram);
    ssize_t sent = 0;
    do {
        sent = sendto(journal_socket, datagram, length,
                      MSG_NOSIGNAL | (may_wait ? 0 : MSG_DONTWAIT),
                      (const struct sockaddr *)&journal_address, sizeof journal_address);
    } while (sent < 0 && errno == EINTR);
    return sent;
}

static bool tell_lost(const struct asg_log_line *like, const char *format, ...)
{
    struct asg_log_line line = *like;
    line.level = ASG_LOG_WARN;
    line.room = "log";
    line.event = "lines_lost";
    va_list args;
    va_start(args, format);
    asg_log_line_fill(&line, format, &args);
    va_end(args);
    return send_datagram(&line, /* may_wait */ false) >= 0;
}

/* False: there is none. A line that it does not take in time is lost, and counted:
 * standard error, which leads to the same journal as a rule, would stand still too. */
static bool send_to_journal(const struct asg_log_line *line)
{
    bool may_wait = atomic_load(&journal_lost) == 0;
    ssize_t sent = send_datagram(line, may_wait);
    if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
        atomic_fetch_add(&journal_lost, 1);
        return true;
    }
    if (sent < 0) return false;
    unsigned long long lost = atomic_exchange(&journal_lost, 0);
    if (lost > 0 &&
        !tell_lost(line, "count=%llu the journal did not take them in time", lost)) {
        atomic_fetch_add(&journal_lost, lost);
    }
    return true;
}

static void write_line(enum asg_log_level level, const char *room, const char *event,
                       const char *format, va_list *args)
{
    struct asg_clock clock = asg_clock_real();
    struct asg_log_line line;
    line.wall_ms = asg_clock_wall_ms(&clock);
    line.level = level;
    line.program = program_name;
    line.room = room;
    line.event = event;
    asg_log_line_fill(&line, format, args);
    /* A journal that does not take it reads standard error, as a rule. */
    if (line_format == ASG_LOG_FORMAT_JOURNAL && send_to_journal(&line)) return;
    char shown[ASG_LOG_FORM_MAX];
    size_t length = line_format == ASG_LOG_FORMAT_JSON
                        ? asg_log_line_as_json(&line, shown)
                        : asg_log_line_as_text(&line, shown);
    if (write(STDERR_FILENO, shown, length) < 0) return; /* nowhere left to say so */
}

/* ---- places that are left out for a while ---- */

static pthread_mutex_t places_lock = PTHREAD_MUTEX_INITIALIZER;
static struct asg_log_place *places;
static _Atomic int64_t tell_at_ms = INT64_MAX; /* when the first of them has a count */

static int64_t now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void write_count(const struct asg_log_place *place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line(place->level, place->room, place->event, format, &args);
    va_end(args);
}

/* Of one place, when its time is over; returns when that is to be looked at again. */
static int64_t tell_place(struct asg_log_place *place, int64_t at_ms)
{
    int64_t until_ms = atomic_load(&place->until_ms);
    if (atomic_load(&place->left_out) == 0) return INT64_MAX;
    if (at_ms < until_ms) return until_ms;
    unsigned long long count = atomic_exchange(&place->left_out, 0);
    atomic_store(&place->left, 0);
    atomic_store(&place->until_ms, at_ms + ASG_LOG_RATE_MS);
    write_count(place, "and %llu more in the last %d s", count, ASG_LOG_RATE_MS / 1000);
    return INT64_MAX;
}

void asg_log_tell_repeats(void)
{
    int64_t at_ms = now_ms();
    if (at_ms < atomic_load(&tell_at_ms)) return;
    (void)pthread_mutex_lock(&places_lock);
    atomic_store(&tell_at_ms, INT64_MAX);
    int64_t next_ms = INT64_MAX;
    for (struct asg_log_place *place = places; place != NULL; place = place->next) {
        int64_t place_ms = tell_place(place, at_ms);
        if (place_ms < next_ms) next_ms = place_ms;
    }
    if (next_ms < atomic_load(&tell_at_ms)) atomic_store(&tell_at_ms, next_ms);
    (void)pthread_mutex_unlock(&places_lock);
}

/* Of the first line that is left out. */
static void look_again_at(int64_t at_ms)
{
    (void)pthread_mutex_lock(&places_lock);
    if (at_ms < atomic_load(&tell_at_ms)) atomic_store(&tell_at_ms, at_ms);
    (void)pthread_mutex_unlock(&places_lock);
}

/* With the lock held: its time begins. */
static void begin_time(struct asg_log_place *place, int64_t at_ms)
{
    atomic_store(&place->left, place->level == ASG_LOG_INFO ? ASG_LOG_RATE_INFOS : 1);
    atomic_store(&place->until_ms, at_ms + ASG_LOG_RATE_MS);
}

static bool take_turn(struct asg_log_place *place, int64_t at_ms)
{
    (void)pthread_mutex_lock(&places_lock);
    int64_t until_ms = atomic_load(&place->until_ms);
    if (until_ms == 0) { /* its first line */
        place->next = places;
        places = place;
    }
    if (at_ms >= until_ms) begin_time(place, at_ms);
    bool is_due = atomic_load(&place->left) > 0;
    if (is_due) atomic_fetch_sub(&place->left, 1);
    (void)pthread_mutex_unlock(&places_lock);
    return is_due;
}

bool asg_log_place_is_due(struct asg_log_place *place)
{
    if (place->level < lowest_level) return false;
    int64_t at_ms = now_ms();
    asg_log_tell_repeats(); /* the count of the time before comes first */
    bool may_be_due =
        at_ms >= atomic_load(&place->until_ms) || atomic_load(&place->left) > 0;
    if (may_be_due && take_turn(place, at_ms)) return true;
    if (atomic_fetch_add(&place->left_out, 1) == 0) {
        look_again_at(atomic_load(&place->until_ms));
    }
    return false;
}

void asg_log_write(enum asg_log_level level, const char *room, const char *event,
                   const char *format, ...)
{
    if (level < lowest_level) return;
    asg_log_tell_repeats();
    va_list args;
    va_start(args, format);
    write_line(level, room, event, format, &args);
    va_end(args);
}
