#include "aws/curl_start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include <curl/curl.h>

#include "aws/wiping_memory.h"

static once_flag once = ONCE_FLAG_INIT;

static void start(void)
{
    CURLcode code = curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, asg_wiping_free,
                                         asg_wiping_realloc, strdup, calloc);
    if (code == CURLE_OK) return;
    (void)fprintf(stderr, "openasg: libcurl does not start: %s; stopping\n",
                  curl_easy_strerror(code));
    abort();
}

void asg_curl_start(void)
{
    call_once(&once, start);
}
