/* queue_round - what the queues of bench_queue share: rounds, samples, servers.
 *
 * A job's time runs from its enqueue to its acknowledgement. Every round of every queue
 * calls begin_samples(), add_sample() a job, and end_round().
 */
#ifndef ASG_BENCH_QUEUE_ROUND_H
#define ASG_BENCH_QUEUE_ROUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ROUND_US  INT64_C(2000000)
#define DEPTH_MAX 64
#define JOB_BYTES 200

/* What one round of one queue gave. */
struct round_result {
    double jobs_a_second;
    double p50_us;
    double p99_us;
};

int64_t now_us(void);

/* Ends the program with `what` and errno's words unless `ok`. */
void must(bool ok, const char *what);

void begin_samples(void);
void add_sample(int64_t us);
struct round_result end_round(int64_t began_us);

/* A TCP port that is free on 127.0.0.1. */
uint16_t free_port(void);

/* Start a program in a process group of its own that dies with this one. */
pid_t start_server(const char *const *arguments);

/* Ask the group to end, wait up to 20 s, then kill it. */
void end_server(pid_t server);

/* The queues beside ours. begin: start the server below `folder` and connect. run: one
 * round of ROUND_US with `depth` (1 to DEPTH_MAX) jobs between enqueue and
 * acknowledgement. end: stop the server. */
void begin_beanstalkd(const char *folder);
struct round_result run_beanstalkd(int depth);
void end_beanstalkd(void);

void begin_redis(const char *folder);
struct round_result run_redis(int depth);
void end_redis(void);

void begin_rabbitmq(const char *folder);
struct round_result run_rabbitmq(int depth);
void end_rabbitmq(void);

/* What nobody gets below at depth 1: medians of a bare overwrite of 8 KiB with fdatasync,
 * and of a bare round trip through libzmq with CURVE between two processes. */
struct floor_result {
    double sync_us;
    double trip_us;
};

void begin_floor(const char *folder);
struct floor_result run_floor(void);
void end_floor(void);
/* The process at the other end; does not return. */
void run_echo(const char *endpoint, const char *server_key);

#endif
