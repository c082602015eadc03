/* queue - what happens next: a heap of events by time, then by order of arrival. */
#ifndef ASG_SIM_QUEUE_H
#define ASG_SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sim_event_kind {
    SIM_EVENT_CONTROLLER, /* its loop takes a turn */
    SIM_EVENT_INGEST,
    SIM_EVENT_PROBER,
    SIM_EVENT_PROBE_ANSWER,
    SIM_EVENT_WORKER,
    SIM_EVENT_AGENT,
    SIM_EVENT_DELIVER, /* a frame arrives */
    SIM_EVENT_EC2,     /* a request reaches EC2 */
    SIM_EVENT_ANSWER,  /* EC2's answer reaches the worker, or its time is over */
    SIM_EVENT_WORLD,   /* EC2's instances change by time */
    SIM_EVENT_FAULT,   /* draw a fault */
    SIM_EVENT_START,   /* a process that crashed starts again */
    SIM_EVENT_ADMIN,   /* an operator does something */
    SIM_EVENT_LOOK,    /* the checkers look */
    SIM_EVENT_PHASE,
    SIM_EVENT_ENROL, /* an agent's call arrives, or its answer comes back */
};

struct sim_event {
    int64_t at_us; /* never below 0 */
    enum sim_event_kind kind;
    uint32_t cluster; /* which one's turn it is */
    uint32_t index;   /* which worker, agent, ... */
    uint64_t number;  /* generation: a stale event is dropped */
    void *object;
};

/* The heap is of keys alone, small enough that the four below one are a line of cache;
 * the events lie beside it and do not move. */
struct sim_key {
    int64_t at_us;
    uint64_t order; /* of arrival, and in the low bits where the event lies */
};

struct sim_queue {
    struct sim_key *keys;
    struct sim_event *events; /* those that are free have the next free one as index */
    size_t count;
    size_t capacity;
    uint32_t first_free;
    uint64_t order;
};

void sim_queue_put(struct sim_queue *queue, struct sim_event event);
bool sim_queue_take(struct sim_queue *queue, struct sim_event *ret);
void sim_queue_clear(struct sim_queue *queue);

#endif
