/* bench_metrics - what /metrics costs, and that the decisions do not pay it.
 *
 * scrape_*   from a request of /metrics over HTTP to its whole answer, of 1,000 and 2,000
 *            groups of ten with a policy and a metric each; no answer is shared
 * ten_*      ten that scrape in the same moment, beside one: CPU of the server
 * step_*     an event in core, its view and what is counted of it, on a core of its own,
 *            alone and while somebody scrapes twenty times a second
 * memory     what fifty scrapes of 2,000 groups leave behind
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "controller/metrics.h"
#include "controller/publish_view.h"
#include "controller/serve_http.h"
#include "core_world.h"
#include "lib/http_get.h"
#include "rows.h"

#define ROUNDS     7
#define STEPS      20000
#define ANSWER_MAX ((size_t)16 << 20)
#define TEN        10
#define REQUEST    "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static struct asg_clock the_clock;

struct place {
    struct bench_world world;
    struct asg_view *view;
    struct asg_group_metrics *metrics;
    atomic_bool is_leading;
    struct asg_scraped scraped;
    struct asg_status_pages *pages;
    unsigned port;
};

static void pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < 2; i++) {
        if (cpu < 0 || cpu == i) CPU_SET((size_t)i, &set);
    }
    (void)sched_setaffinity(0, sizeof set, &set);
}

static void measure_groups(struct place *place, uint32_t groups)
{
    struct asg_group_metric *rows = asg_alloc(groups, sizeof *rows);
    for (uint32_t i = 0; i < groups; i++) {
        rows[i] = (struct asg_group_metric){.group_no = i + 1,
                                            .metric = ASG_METRIC_NAME_CPU,
                                            .members = 10,
                                            .count = 10,
                                            .sum_milli = 400000 + i,
                                            .min_milli = 30000,
                                            .max_milli = 50000};
    }
    const struct asg_metrics measured = {.groups = rows, .group_count = groups};
    asg_group_metrics_measured(place->metrics, &measured, place->world.time_ms);
    free(rows);
}

static void open_place(struct place *place, uint32_t groups)
{
    bench_world_init(&place->world);
    place->world.members = 10;
    bench_world_add_groups(&place->world, groups, ASG_EC2_RUNNING);
    asg_view_new(&place->view);
    asg_group_metrics_new(2000, &place->metrics);
    asg_publish_view(place->view, place->world.core, place->metrics);
    measure_groups(place, groups);
    place->scraped = (struct asg_scraped){.is_leading = &place->is_leading,
                                          .view = place->view,
                                          .groups = place->metrics,
                                          .clock = the_clock};
    struct asg_error error = {""};
    if (asg_serve_http_new("127.0.0.1:0", &place->scraped, &place->pages, &error) !=
        ASG_OK) {
        (void)fprintf(stderr, "bench_metrics: %s\n", error.text);
        exit(1);
    }
    (void)sscanf(asg_status_pages_url(place->pages), "http://127.0.0.1:%u", &place->port);
}

static void close_place(struct place *place)
{
    asg_status_pages_destroy(&place->pages);
    asg_scraped_clear(&place->scraped);
    asg_view_destroy(&place->view);
    asg_group_metrics_destroy(&place->metrics);
    bench_world_clear(&place->world);
}

static size_t scrape(const struct place *place, char *answer)
{
    size_t length = http_exchange(place->port, REQUEST, answer, ANSWER_MAX);
    if (length == 0 || strstr(answer, "\nprocess_start_time_seconds ") == NULL) {
        (void)fprintf(stderr, "bench_metrics: no whole answer\n");
        exit(1);
    }
    return length;
}

/* Until no answer is shared with the one before. */
static void wait_unshared(void)
{
    const struct timespec pause = {.tv_nsec = (ASG_SCRAPE_SHARED_MS + 20) * 1000000L};
    (void)nanosleep(&pause, NULL);
}

static void measure_scrape(const struct place *place, uint32_t groups, char *answer)
{
    double ms[ROUNDS];
    size_t length = 0;
    for (int i = 0; i < ROUNDS; i++) {
        wait_unshared();
        int64_t before_us = asg_clock_monotonic_us(&the_clock);
        length = scrape(place, answer);
        ms[i] = (double)(asg_clock_monotonic_us(&the_clock) - before_us) / 1e3;
    }
    char name[32];
    (void)snprintf(name, sizeof name, "scrape_%" PRIu32, groups);
    (void)bench_row(name, ms, ROUNDS, "ms", "/metrics over HTTP, none shared (goal 50)");
    double kib = (double)length / 1024;
    (void)snprintf(name, sizeof name, "scrape_%" PRIu32 "_bytes", groups);
    (void)bench_row(name, &kib, 1, "KiB", "the whole answer");
}

/* ---- ten at once ---- */

static void *scrape_once(void *context)
{
    char *answer = asg_alloc(1, ANSWER_MAX);
    (void)scrape(context, answer);
    free(answer);
    return NULL;
}

static double cpu_of(struct place *place, int clients)
{
    struct timespec before;
    struct timespec after;
    pthread_t threads[TEN];
    wait_unshared();
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    for (int i = 0; i < clients; i++) {
        (void)pthread_create(&threads[i], NULL, scrape_once, place);
    }
    for (int i = 0; i < clients; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    return (double)(after.tv_sec - before.tv_sec) * 1e3 +
           (double)(after.tv_nsec - before.tv_nsec) / 1e6;
}

static void measure_ten(struct place *place)
{
    double one[ROUNDS];
    double ten[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        one[i] = cpu_of(place, 1);
        ten[i] = cpu_of(place, TEN);
    }
    (void)bench_row("one_cpu", one, ROUNDS, "ms", "CPU of a scrape, with its client");
    (void)bench_row("ten_cpu", ten, ROUNDS, "ms", "CPU of ten at once, with theirs");
    (void)bench_ratio("ten_ratio", ten, one, ROUNDS, "ten at once to one");
}

/* ---- the loop beside scrapes ---- */

static atomic_bool is_over;

static void *scrape_on(void *context)
{
    pin(1);
    char *answer = asg_alloc(1, ANSWER_MAX);
    struct place *place = context;
    struct asg_bytes text = {0};
    while (!atomic_load(&is_over)) {
        (void)scrape(place, answer);
        /* The server shares what it has printed; here each is printed anew. */
        const struct asg_root *root = asg_view_hold(place->view);
        asg_bytes_reset(&text);
        asg_group_metrics_print(place->metrics, root, ASG_METRIC_TEXT, &text);
        asg_view_drop(&root);
        const struct timespec pause = {.tv_nsec = 50000000};
        (void)nanosleep(&pause, NULL);
    }
    asg_bytes_clear(&text);
    free(answer);
    return NULL;
}

static int by_ns(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* p99 of an event, its view and its counting: of this thread's own time. */
static double run_steps(struct place *place, uint32_t groups)
{
    static uint32_t cpu_ns[STEPS];
    for (uint32_t turn = 0; turn < STEPS; turn++) {
        struct timespec before;
        struct timespec after;
        char name[16];
        (void)snprintf(name, sizeof name, "g%05" PRIu32, turn * 7919 % groups);
        place->world.time_ms++;
        (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
        bench_world_order(&place->world,
                          &(struct asg_command){.kind = ASG_COMMAND_SET_DESIRED,
                                                .actor = "bench",
                                                .group = name,
                                                .desired = 10});
        asg_publish_view(place->view, place->world.core, place->metrics);
        const struct asg_root *root = asg_view_hold(place->view);
        asg_group_metrics_decided(place->metrics, &place->world.effects, root,
                                  place->world.time_ms);
        asg_view_drop(&root);
        (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
        cpu_ns[turn] = (uint32_t)((after.tv_sec - before.tv_sec) * 1000000000 +
                                  after.tv_nsec - before.tv_nsec);
    }
    qsort(cpu_ns, STEPS, sizeof cpu_ns[0], by_ns);
    return cpu_ns[STEPS / 100 * 99] / 1e3;
}

static void measure_steps(struct place *place, uint32_t groups)
{
    double alone[ROUNDS];
    double beside[ROUNDS];
    pin(0);
    for (int i = 0; i < ROUNDS; i++) {
        alone[i] = run_steps(place, groups);
        pthread_t thread;
        atomic_store(&is_over, false);
        (void)pthread_create(&thread, NULL, scrape_on, place);
        beside[i] = run_steps(place, groups);
        atomic_store(&is_over, true);
        (void)pthread_join(thread, NULL);
    }
    pin(-1);
    (void)bench_row("step_alone_p99", alone, ROUNDS, "us",
                    "an order, its view and counts; own CPU");
    (void)bench_row("step_scraped_p99", beside, ROUNDS, "us",
                    "the same, scraped twenty times a second");
    (void)bench_ratio("step_ratio", beside, alone, ROUNDS, "scraped to alone");
}

static double resident_mib(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    if (file != NULL) (void)fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

static void measure_memory(const struct place *place, char *answer)
{
    wait_unshared();
    (void)scrape(place, answer); /* what is kept for the next is there */
    double before = resident_mib();
    for (int i = 0; i < 50; i++) {
        struct asg_bytes text = {0};
        const struct asg_root *root = asg_view_hold(place->view);
        asg_group_metrics_print(place->metrics, root, ASG_METRIC_TEXT, &text);
        asg_view_drop(&root);
        asg_bytes_clear(&text);
    }
    double more = resident_mib() - before;
    if (more < 0) more = 0;
    (void)bench_row("memory_2000", &more, 1, "MiB", "more after fifty scrapes");
}

int main(void)
{
    the_clock = asg_clock_real();
    char *answer = asg_alloc(1, ANSWER_MAX);
    struct place *place = asg_alloc(1, sizeof *place);
    open_place(place, 1000);
    measure_scrape(place, 1000, answer);
    measure_ten(place);
    measure_steps(place, 1000);
    close_place(place);
    *place = (struct place){.port = 0};
    open_place(place, 2000);
    measure_scrape(place, 2000, answer);
    measure_memory(place, answer);
    close_place(place);
    free(place);
    free(answer);
    return 0;
}
