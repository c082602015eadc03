/* fleet - the instances of one simulated group, and the CPU they report.
 *
 * Load spreads over all that are in service; one that is told to end takes none from then
 * on. Time: milliseconds from the beginning of the load.
 */
#ifndef BENCH_DECISIONS_FLEET_H
#define BENCH_DECISIONS_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define END_MS     1000  /* told to end -> costs nothing any more */
#define BURN_MS    30000 /* after it came into service it works for itself as well: */
#define BURN_MILLI 25000 /* so much of its CPU */

struct machine {
    uint64_t no; /* from 1, in order of launch */
    int64_t launched_ms;
    int64_t serving_ms; /* into service; those of the beginning: long ago */
    bool is_serving;
    int32_t cpu_milli;  /* of the last second, thousandths of a percent */
    int32_t bias_milli; /* this one always has so much more of its share, thousandths */
    int64_t sum_milli;  /* of seconds since somebody set it to 0 */
    int32_t sum_count;
    int64_t value_milli; /* what a rule saw of it last */
};

struct fleet {
    struct machine *machines; /* in order of launch */
    size_t count;
    size_t capacity;
    uint64_t last_no;
    uint32_t serving;
    int64_t launch_ms; /* from the launch to the service */
    int64_t settle_ms; /* from there until it takes load */
    uint64_t draw;     /* noise of each machine */
    uint32_t ending;   /* told to end, and cost money until: */
    int64_t ending_until_ms;
};

/* launch_ms, settle_ms: from the launch until in service, from there until it takes load
 */
void fleet_init(struct fleet *fleet, uint32_t serving, int64_t launch_ms,
                int64_t settle_ms, uint64_t seed);
void fleet_clear(struct fleet *fleet);

/* The number of the first of them. */
uint64_t fleet_launch(struct fleet *fleet, int64_t now_ms, uint32_t count);
/* No more of it from here on but its cost of END_MS; false: there is none of that number.
 */
bool fleet_end(struct fleet *fleet, int64_t now_ms, uint64_t no);
/* The newest ones, those that are not in service yet first. */
void fleet_end_newest(struct fleet *fleet, int64_t now_ms, uint32_t count);
struct machine *fleet_find(struct fleet *fleet, uint64_t no);

/* Into service with those whose time has come. */
void fleet_pass_time(struct fleet *fleet, int64_t now_ms);

/* Of those in service, the ones that take load. */
uint32_t fleet_taking(const struct fleet *fleet, int64_t now_ms);

/* A second of load: what each in service reports of it. */
void fleet_work(struct fleet *fleet, int64_t now_ms, int64_t demand_milli);

/* That cost money. */
uint32_t fleet_alive(struct fleet *fleet, int64_t now_ms);

#endif
