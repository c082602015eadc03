#include "sim/lives.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/totals.h"

#define JOBS_MAX      64
#define LIVES_FROM    UINT64_C(1000000000)
#define PROGRESS_S    60
#define PER_JOB_SEEDS UINT64_C(1000000)

/* What a job tells, whole in one write: smaller than a pipe's buffer. */
struct news {
    int job;
    bool is_end; /* else: it begins with `seed` */
    uint64_t seed;
    struct sim_totals totals; /* of this seed */
};

struct job {
    pid_t pid; /* 0: over */
    uint64_t seed;
};

static struct job jobs[JOBS_MAX];
static volatile sig_atomic_t stops;

static void on_stop(int number)
{
    (void)number;
    stops++;
}

bool sim_is_life(uint64_t seed)
{
    return seed >= LIVES_FROM;
}

static void tell(int out, const struct news *news)
{
    if (write(out, news, sizeof *news) != (ssize_t)sizeof *news) _exit(3);
}

/* In the child. Signals to stop end it after the seed under way. */
static void work(int number, uint64_t seed, double until_s, int out)
{
    for (; stops == 0 && sim_seconds_now() < until_s; seed++) {
        struct news news = {.job = number, .seed = seed};
        tell(out, &news);
        const struct sim_options options = {
            .seed = seed, .budget = SIM_BUDGET_ALL, .is_long = true};
        (void)sim_run_twice(&options, &news.totals);
        news.is_end = true;
        tell(out, &news);
        if (news.totals.failed > 0) break;
    }
}

static void print_progress(const struct sim_totals *totals, double took_s)
{
    double years = sim_years(totals->run_us);
    (void)printf("%6.0f s: %" PRIu64 " seeds, %.2f cluster-years in all runs, %.1f a "
                 "core-hour\n",
                 took_s, totals->seeds, years, years * 3600 / totals->cpu_s);
    (void)fflush(stdout);
}

static void signal_jobs(int count, int number)
{
    for (int i = 0; i < count; i++) {
        if (jobs[i].pid > 0) (void)kill(jobs[i].pid, number);
    }
}

/* Jobs that are over; one that died by a signal broke something, too. */
static int reap(int count, struct sim_totals *totals)
{
    int living = 0;
    for (int i = 0; i < count; i++) {
        int status = 0;
        if (jobs[i].pid <= 0) continue;
        if (waitpid(jobs[i].pid, &status, WNOHANG) == 0) {
            living++;
            continue;
        }
        jobs[i].pid = 0;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
        if (stops > 1) continue; /* given up by us */
        totals->failed++;
        (void)printf("./dev sim %" PRIu64 "   # the process died, status %d\n",
                     jobs[i].seed, status);
    }
    return living;
}

static bool start(int number, uint64_t seed, double until_s, const int ends[2])
{
    jobs[number] = (struct job){.pid = fork(), .seed = seed};
    if (jobs[number].pid < 0) return false;
    if (jobs[number].pid > 0) return true;
    (void)close(ends[0]);
    work(number, seed, until_s, ends[1]);
    (void)fflush(stdout);
    _exit(0);
}

/* Until all jobs are over. */
static void watch(int count, int in, double began_s, struct sim_totals *totals)
{
    double told_s = began_s;
    int passed_on = 0;
    bool is_open = true;
    while (is_open) {
        struct pollfd item = {.fd = in, .events = POLLIN};
        struct news news;
        if (poll(&item, 1, 1000) > 0) {
            ssize_t got = read(in, &news, sizeof news);
            is_open = got == (ssize_t)sizeof news || (got < 0 && errno == EINTR);
            if (got == (ssize_t)sizeof news) {
                jobs[news.job].seed = news.seed;
                if (news.is_end) sim_totals_add(totals, &news.totals);
            }
        }
        if (totals->failed > 0 && stops == 0) stops = 1;
        if (stops > passed_on) {
            passed_on = stops;
            signal_jobs(count, stops == 1 ? SIGTERM : SIGKILL);
        }
        if (totals->seeds > 0 && sim_seconds_now() - told_s >= PROGRESS_S) {
            told_s = sim_seconds_now();
            print_progress(totals, told_s - began_s);
        }
    }
    while (reap(count, totals) > 0) {
        (void)poll(NULL, 0, 10);
    }
}

int sim_run_lives(double hours, int count)
{
    int ends[2];
    if (count < 1 || count > JOBS_MAX || pipe(ends) != 0) return 2;
    const struct sigaction action = {.sa_handler = on_stop};
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    double began_s = sim_seconds_now();
    uint64_t seed = (uint64_t)time(NULL) * 1000;
    bool is_fine = true;
    for (int i = 0; i < count && is_fine; i++) {
        is_fine =
            start(i, seed + (uint64_t)i * PER_JOB_SEEDS, began_s + hours * 3600, ends);
    }
    (void)close(ends[1]);
    if (!is_fine) stops = 2;
    struct sim_totals totals = {0};
    watch(count, ends[0], began_s, &totals);
    (void)close(ends[0]);
    sim_print_totals(&totals, sim_seconds_now() - began_s);
    return totals.failed == 0 && is_fine ? 0 : 1;
}
