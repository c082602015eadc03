/* refused - who was not let in: bounded, newest first, for log lines, metrics and
 * `openasg worker list --refused`.
 * Threads: any.
 */
#ifndef ASG_BUS_REFUSED_H
#define ASG_BUS_REFUSED_H

#include <stdint.h>

#include "bus/bus.h"

#define ASG_BUS_REFUSED_MAX 64 /* rows kept */

struct asg_bus_refusal {
    char domain[16];
    char key[ASG_BUS_KEY_SIZE]; /* "": the handshake did not get so far */
    char address[ASG_BUS_ADDRESS_MAX];
    char why[64];     /* "key not in the folder", "too many handshakes" */
    int64_t first_ms; /* monotonic */
    int64_t last_ms;
    uint64_t count;
    bool is_admitted; /* its key is, but it connects too often, or too many times */
};

/* Refusals of keys that are admitted, since the start: one may be in a thief's hands. */
uint64_t asg_bus_misused_count(struct asg_bus *bus);

/* Copy the rows, newest last_ms first; returns how many. */
size_t asg_bus_refusals(struct asg_bus *bus, struct asg_bus_refusal *ret, size_t most);

#endif
