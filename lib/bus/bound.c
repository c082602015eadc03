/* bound - what the sockets that bind have in common: CURVE, where they are, and who a
 * message is from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <fcntl.h>

#include "bus/socket.h"

/* In libzmq since 4.3.0 but only named in its draft header: a socket whose ZAP handler is
 * missing refuses everyone instead of letting everyone in (docs/rules.md, "Peers and
 * keys"). */
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif

bool set_curve_server(void *socket, const struct asg_bus_keys *keys, const char *domain)
{
    if (keys == NULL) return true;
    return set_int(socket, ZMQ_CURVE_SERVER, 1) &&
           zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret_key,
                          ASG_BUS_KEY_SIZE) == 0 &&
           zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, domain, strlen(domain)) == 0 &&
           set_int(socket, ZMQ_ZAP_ENFORCE_DOMAIN, 1);
}

void find_bound(void *socket, char ret_endpoint[ASG_BUS_ENDPOINT_MAX], uint16_t *ret_port)
{
    size_t size = ASG_BUS_ENDPOINT_MAX;
    if (zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, ret_endpoint, &size) != 0) {
        ret_endpoint[0] = '\0';
    }
    const char *colon = strrchr(ret_endpoint, ':');
    *ret_port = colon == NULL ? 0 : (uint16_t)strtoul(colon + 1, NULL, 10);
}

const char *asg_bus_message_user_key(const struct asg_bus_message *message)
{
    return zmq_msg_gets(message->frame, "User-Id");
}

const char *asg_bus_message_peer_address(const struct asg_bus_message *message)
{
    return zmq_msg_gets(message->frame, "Peer-Address");
}

int asg_bus_message_fd(const struct asg_bus_message *message)
{
    return zmq_msg_get(message->frame, ZMQ_SRCFD);
}

bool read_address(const struct sockaddr_storage *from, char ret[46], uint16_t *ret_port)
{
    const void *address = NULL;
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)from;
        address = &in->sin_addr;
        *ret_port = ntohs(in->sin_port);
    } else if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const void *)from;
        address = &in->sin6_addr;
        *ret_port = ntohs(in->sin6_port);
    }
    return address != NULL &&
           inet_ntop(from->ss_family, address, ret, INET6_ADDRSTRLEN) != NULL;
}

/* Is it a connection from that address to that port of ours? */
static bool is_connection(int fd, const char *address, uint16_t port)
{
    struct sockaddr_storage peer = {0};
    struct sockaddr_storage own = {0};
    socklen_t peer_size = sizeof peer;
    socklen_t own_size = sizeof own;
    char text[INET6_ADDRSTRLEN] = "";
    char own_text[INET6_ADDRSTRLEN] = "";
    uint16_t peer_port = 0;
    uint16_t own_port = 0;
    return getpeername(fd, (struct sockaddr *)&peer, &peer_size) == 0 &&
           getsockname(fd, (struct sockaddr *)&own, &own_size) == 0 &&
           read_address(&peer, text, &peer_port) &&
           read_address(&own, own_text, &own_port) && own_port == port &&
           strcmp(text, address) == 0;
}

/* The number is that of the connection as of the message; by now it may be closed and
 * the number another file's. A copy holds on to what it is now, so that what is looked at
 * is what is shut down: at worst another connection from the same address to the same
 * port, which connects again. */
void shut_connection(int fd, const char *address, uint16_t port)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return;
    if (is_connection(copy, address, port)) (void)shutdown(copy, SHUT_RDWR);
    (void)close(copy);
}

void asg_bus_message_shut(const struct asg_bus_message *message)
{
    const char *address = asg_bus_message_peer_address(message);
    int fd = zmq_msg_get(message->frame, ZMQ_SRCFD);
    if (address != NULL && fd >= 0) shut_connection(fd, address, message->port);
}
