/* core_world - a core with groups of running instances, for benchmarks that step it. */
#ifndef ASG_BENCH_CORE_WORLD_H
#define ASG_BENCH_CORE_WORLD_H

#include <stdint.h>

#include "base/bytes.h"
#include "core/core.h"

#define BENCH_BEGAN_MS INT64_C(1700000000000)

struct bench_world {
    struct asg_core *core;
    struct asg_effects effects;
    uint32_t members; /* of a group made from here on */
    uint32_t period_ms;
    bool by_agent; /* instances are in service when their agent reports */
    uint64_t instance_no;
    int64_t time_ms;
};

/* An initialised core that is led from BENCH_BEGAN_MS on. The caller sets `members` and
 * what follows, and ends it with bench_world_clear(). */
void bench_world_init(struct bench_world *world);
void bench_world_clear(struct bench_world *world);

/* One event at the world's time. An error or a refused order ends the program. */
void bench_world_step(struct bench_world *world, struct asg_event event);
void bench_world_order(struct bench_world *world, const struct asg_command *command);

/* A group with one target tracking policy whose instances EC2 shows in `state`. */
void bench_world_add_group(struct bench_world *world, const char *name,
                           enum asg_ec2_state state);

/* `count` groups g00000, g00001, ... and one instance that stays pending: it keeps a look
 * at EC2 open, without which each launch makes core look for instances to look at. */
void bench_world_add_groups(struct bench_world *world, uint32_t count,
                            enum asg_ec2_state state);

/* Replace the core by the one that was saved. */
void bench_world_load(struct bench_world *world, const struct asg_bytes *saved);

/* "i-" and 17 digits: the id of the `no`-th instance, counted from 1. */
#define BENCH_ID_SIZE 20
void bench_world_id(uint64_t no, char ret[BENCH_ID_SIZE]);

#endif
