/* api_bare - the least that a signed request can cost here: libmicrohttpd alone with the
 * flags of lib/http, a signature that is checked, and one static answer that is never
 * copied. */
#ifndef ASG_BENCH_API_BARE_H
#define ASG_BENCH_API_BARE_H

#include <stddef.h>
#include <stdint.h>

struct bench_bare;

/* Answers `length` bytes at `body`, which stay where they are. */
struct bench_bare *bench_bare_new(const void *body, size_t length, unsigned threads);
void bench_bare_destroy(struct bench_bare **bare);
uint16_t bench_bare_port(const struct bench_bare *bare);

#endif
