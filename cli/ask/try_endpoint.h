/* try_endpoint - why nothing answers: does anything listen there at all? */
#ifndef ASG_CLI_ASK_TRY_ENDPOINT_H
#define ASG_CLI_ASK_TRY_ENDPOINT_H

/* errno of a TCP connection to "tcp://HOST:PORT", tried for at most half a second: 0 when
 * something accepts it, ECONNREFUSED when nothing listens, ETIMEDOUT when nobody says; -1
 * when the endpoint is no such address. */
int asg_try_endpoint(const char *endpoint);

#endif
