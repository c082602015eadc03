/* api_client - a client of the API in a process of its own: connections that stay open,
 * each with requests that were signed before, sent one after another as fast as they are
 * answered. */
#ifndef ASG_BENCH_API_CLIENT_H
#define ASG_BENCH_API_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_LATENCIES 400000
#define BENCH_REQUESTS  64

struct bench_request {
    char *bytes; /* head and body */
    size_t length;
};

/* Sign a POST of this form; the caller frees its bytes. */
struct bench_request bench_sign_request(const char *form, uint16_t port);

/* The key that signs, and a file of keys that has it. */
#define BENCH_KEY_ID "ASGABENCHBENCHBENCH0"
#define BENCH_SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define BENCH_REGION "us-east-1"
void bench_write_keys(const char *path);

struct bench_load {
    uint16_t port;
    int connections;
    int cpu; /* the client's; -1: any */
    int64_t duration_us;
    const struct bench_request *requests; /* connection c sends c, c + connections, ... */
    size_t request_count;
    bool is_once;      /* each connection sends its first request, and no more */
    bool reads_slowly; /* 64 KiB, then a pause of 20 ms */
};

struct bench_answers {
    uint64_t replies;
    uint64_t failed; /* other than 200 */
    uint64_t bytes;  /* of bodies */
    int64_t took_us;
    size_t count;                             /* of the next two */
    uint32_t latencies_us[BENCH_LATENCIES];   /* request to last byte */
    uint32_t first_bytes_us[BENCH_LATENCIES]; /* request to first byte */
};

/* The client's process, and where it writes down what it sees: first of all, before the
 * memory of this process grows. */
struct bench_answers *bench_client_new(void);

/* Begin a load; then wait for its end, or first say that it is over. */
void bench_client_begin(const struct bench_load *load);
void bench_client_stop(void);
void bench_client_end(void);

/* Of `count` numbers, which are put in order: that share of them are not above it. */
double bench_percentile(uint32_t *numbers, size_t count, double share);

#endif
