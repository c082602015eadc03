#include "aws/curl_start.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <curl/curl.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start(void)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code == CURLE_OK) return;
    (void)fprintf(stderr, "openasg: libcurl does not start: %s; stopping\n",
                  curl_easy_strerror(code));
    abort();
}

void asg_curl_start(void)
{
    (void)pthread_once(&once, start);
}
