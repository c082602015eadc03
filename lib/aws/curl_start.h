/* curl_start - what every use of libcurl in this room begins with.
 * Threads: any. */
#ifndef ASG_AWS_CURL_START_H
#define ASG_AWS_CURL_START_H

/* Initialise libcurl once for the process; never undone. Ends the process with a message
 * when libcurl cannot start, as nothing works without it. */
void asg_curl_start(void);

#endif
