/* slow_clients - connections that must be done with a request, or an answer, in time.
 *
 * libmicrohttpd ends connections that are silent; who sends or takes a byte now and then
 * it keeps for ever. Here one thread for all of them shuts such a socket down, and its
 * owner then sees it end. And when many are there, whoever came first and has not sent a
 * request yet makes room for who comes: of an address that has too many, then of the one
 * that has most. So connections that say nothing, however many, keep nobody out.
 * Threads: any; a client's calls come from one at a time.
 */
#ifndef ASG_HTTP_SLOW_CLIENTS_H
#define ASG_HTTP_SLOW_CLIENTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct asg_slow_clients;
struct asg_slow_client;

/* What a client has to get done, each with a time of its own. */
enum asg_slow_part { ASG_SLOW_REQUEST, ASG_SLOW_ANSWER, ASG_SLOW_PARTS };

struct asg_slow_options {
    int64_t limits_ms[ASG_SLOW_PARTS];
    size_t most;         /* clients; of those that come beyond, each ends another */
    size_t most_address; /* the same of one address */
};

/* ASG_ERR_IO: no thread. */
ASG_MUST_USE enum asg_status asg_slow_clients_new(const struct asg_slow_options *options,
                                                  struct asg_slow_clients **ret,
                                                  struct asg_error *error);
/* None of its clients may be left. */
void asg_slow_clients_destroy(struct asg_slow_clients **clients);

/* A connection came: the time of its request runs. Remove it before its socket is
 * closed. `address` is its peer's, of IPv4. */
struct asg_slow_client *asg_slow_client_add(struct asg_slow_clients *clients, int fd,
                                            uint32_t address);
void asg_slow_client_remove(struct asg_slow_clients *clients,
                            struct asg_slow_client **client);

/* How many were ended to make room, since the start. */
uint64_t asg_slow_clients_ended(struct asg_slow_clients *clients);

/* Its request is here and it waits for us: no time runs. Or one of these begins. */
void asg_slow_client_stop(struct asg_slow_clients *clients,
                          struct asg_slow_client *client);
void asg_slow_client_start(struct asg_slow_clients *clients,
                           struct asg_slow_client *client, enum asg_slow_part part);

#endif
