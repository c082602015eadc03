/* loop - the one thread of a worker: messages of the controller, answers of EC2, timers
 * and signals, in one wait.
 *
 * Blocks: until the worker is told to stop and is done, or its time is over.
 */
#ifndef ASG_WORKER_LOOP_H
#define ASG_WORKER_LOOP_H

#include "bus/bus.h"
#include "worker/serve_http.h"
#include "worker/worker.h"

struct asg_worker_loop {
    struct asg_worker *worker;
    struct asg_ec2_client *ec2;
    enum asg_status (*connect)(void *context, struct asg_bus_connection **ret,
                               struct asg_error *error);
    void *connect_context;
    struct asg_bus_connection *connection; /* owned */
    enum asg_bus_link link;                /* as it stood last */
    int64_t link_ms;                       /* when it was last up, or the loop began */
    int64_t next_tell_ms;                  /* when to say again that it is not */
    const char *public_key;                /* ours, and the file it is in: for people */
    const char *public_file;
    struct asg_clock clock;
    int signal_fd; /* SIGTERM and SIGINT, blocked otherwise */
    int64_t stop_ms;
    const char *halt_file;          /* "": none */
    int64_t skew_ms;                /* of EC2's clock, as it was logged last */
    struct asg_worker_pages *pages; /* lent */
    struct asg_bytes frame;         /* scratch: what is being sent */
};

/* Connect for the first time. */
ASG_MUST_USE enum asg_status asg_worker_loop_open(struct asg_worker_loop *loop,
                                                  struct asg_error *error);
void asg_worker_loop_clear(struct asg_worker_loop *loop);

/* The port of the worker's options; `context` is the loop. */
enum asg_status asg_worker_loop_send(void *context, enum asg_message_type type,
                                     const void *object);

/* Run. ASG_OK: stopped with nothing left. ASG_ERR_TIMEOUT: stopped with jobs under way,
 * which their leases hand to another worker. ASG_ERR_IO: the wait itself failed. */
ASG_MUST_USE enum asg_status asg_worker_loop_run(struct asg_worker_loop *loop);

#endif
