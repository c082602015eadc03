/* http_get - a raw HTTP/1.1 client for tests: what is sent is written by hand. */
#ifndef ASG_TESTS_HTTP_GET_H
#define ASG_TESTS_HTTP_GET_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* A connection to 127.0.0.1; -1 on failure. Reading gives up after 10 s. */
static inline int http_connect(unsigned port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval limit = {.tv_sec = 10};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    (void)close(fd);
    return -1;
}

/* Everything until the server closes, with a closing zero; closes fd. */
static inline size_t http_read_all(int fd, char *ret, size_t size)
{
    size_t length = 0;
    ssize_t count;
    while (length < size - 1 && (count = read(fd, ret + length, size - 1 - length)) > 0) {
        length += (size_t)count;
    }
    ret[length] = '\0';
    (void)close(fd);
    return length;
}

static inline size_t http_exchange(unsigned port, const char *request, char *ret,
                                   size_t size)
{
    ret[0] = '\0';
    int fd = http_connect(port);
    if (fd < 0) return 0;
    size_t length = strlen(request);
    if (send(fd, request, length, MSG_NOSIGNAL) != (ssize_t)length) length = 0;
    return http_read_all(fd, ret, size);
}

#endif
