#include "aws/web.h"

#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <openssl/ssl.h>

#include "aws/curl_start.h"
#include "aws/http_header.h"
#include "aws/retry.h"
#include "base/arena.h"
#include "crypto/crypto.h"

struct asg_web {
    CURL *curl;
    char curl_error[CURL_ERROR_SIZE];
};

struct reading {
    struct asg_web_answer *answer;
    size_t limit;
    bool is_over;
};

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct reading *reading = context;
    struct asg_bytes *body = &reading->answer->body;
    size_t length = size * count;
    if (length > reading->limit - body->length) {
        reading->is_over = true;
        return 0;
    }
    /* All of it is reserved at once: a buffer that grows leaves copies behind. */
    if (body->length == 0) (void)asg_bytes_reserve(body, reading->limit + 1);
    asg_bytes_append(body, data, length);
    return length;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
    struct asg_web_answer *answer = ((struct reading *)context)->answer;
    size_t length = size * count;
    char value[64];
    if (asg_http_header_value(data, length, "date", value, sizeof value)) {
        time_t seconds = curl_getdate(value, NULL);
        if (seconds > 0) answer->server_date_ms = (int64_t)seconds * 1000;
    } else if (asg_http_header_value(data, length, "x-amz-retry-after", value,
                                     sizeof value)) {
        answer->retry_after_ms = asg_retry_hint_ms(value);
    }
    return length;
}

static int look_whether_to_stop(void *context, curl_off_t a, curl_off_t b, curl_off_t c,
                                curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    const atomic_bool *is_stopping = context;
    return atomic_load(is_stopping) ? 1 : 0;
}

enum asg_status asg_web_new(struct asg_web **ret, struct asg_error *error)
{
    asg_curl_start();
    CURL *curl = curl_easy_init();
    if (curl == NULL) return asg_fail(error, ASG_ERR_NOMEM, "libcurl gives no handle");
    struct asg_web *web = asg_alloc(1, sizeof *web);
    web->curl = curl;
    *ret = web;
    return ASG_OK;
}

void asg_web_destroy(struct asg_web **web)
{
    if (*web == NULL) return;
    curl_easy_cleanup((*web)->curl);
    free(*web);
    *web = NULL;
}

void asg_web_answer_clear(struct asg_web_answer *answer)
{
    if (answer->body.data != NULL) {
        asg_secret_wipe(answer->body.data, answer->body.capacity);
    }
    asg_bytes_clear(&answer->body);
}

bool asg_web_is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text == 0x7f) return false;
    }
    return true;
}

static enum asg_status fail_transfer(const struct asg_web *web, CURLcode code,
                                     const struct reading *reading,
                                     struct asg_error *error)
{
    if (reading->is_over) {
        return asg_fail(error, ASG_ERR_LIMIT, "the answer is larger than %zu bytes",
                        reading->limit);
    }
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        return asg_fail(error, ASG_ERR_CLOSED, "this program is stopping");
    }
    enum asg_status status = ASG_ERR_IO;
    if (code == CURLE_OPERATION_TIMEDOUT) status = ASG_ERR_TIMEOUT;
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_GOT_NOTHING ||
        code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR ||
        code == CURLE_PARTIAL_FILE) {
        status = ASG_ERR_CLOSED;
    }
    return asg_fail(error, status, "%s",
                    web->curl_error[0] != '\0' ? web->curl_error
                                               : curl_easy_strerror(code));
}

/* What was deciphered is wiped once it is read, and not kept until the next record. */
static CURLcode prepare_tls(CURL *curl, void *context, void *unused)
{
    (void)curl, (void)unused;
    (void)SSL_CTX_set_options(context, SSL_OP_CLEANSE_PLAINTEXT);
    return CURLE_OK;
}

static void set_options(CURL *curl, const struct asg_web_request *request)
{
    curl_easy_reset(curl); /* keeps the connection */
    (void)curl_easy_setopt(curl, CURLOPT_URL, request->url);
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, prepare_tls);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "openasg/" ASG_VERSION);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_ms);
    if (!request->uses_proxy) (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    if (request->ca_file != NULL && request->ca_file[0] != '\0') {
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
    }
    if (request->body != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)request->body);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                               (curl_off_t)request->body_length);
    }
    if (request->is_stopping != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
        (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_whether_to_stop);
        (void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, request->is_stopping);
    }
}

enum asg_status asg_web_ask(struct asg_web *web, const struct asg_web_request *request,
                            struct asg_web_answer *ret, struct asg_error *error)
{
    asg_web_answer_clear(ret);
    *ret = (struct asg_web_answer){.server_date_ms = -1, .retry_after_ms = -1};
    struct reading reading = {.answer = ret, .limit = request->answer_max};
    web->curl_error[0] = '\0';
    CURL *curl = web->curl;
    set_options(curl, request);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, web->curl_error);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reading);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, &reading);
    char interface[80] = "host!";
    if (request->local_address != NULL && request->local_address[0] != '\0' &&
        strlen(request->local_address) < sizeof interface - 5) {
        memcpy(interface + 5, request->local_address, strlen(request->local_address) + 1);
        (void)curl_easy_setopt(curl, CURLOPT_INTERFACE, interface);
    }
    struct curl_slist *headers = NULL;
    CURLcode code = CURLE_OK;
    for (size_t i = 0; i < request->header_count; i++) {
        struct curl_slist *longer = curl_slist_append(headers, request->headers[i]);
        if (longer == NULL) code = CURLE_OUT_OF_MEMORY;
        if (longer != NULL) headers = longer;
    }
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (code == CURLE_OK) code = curl_easy_perform(curl);

    enum asg_status status = ASG_OK;
    if (code == CURLE_OK) {
        long http_status = 0;
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http_status);
        ret->http_status = http_status > 0 ? (uint32_t)http_status : 0;
    } else {
        status = fail_transfer(web, code, &reading, error);
    }
    curl_easy_reset(curl); /* forgets the header with a token and the bodies */
    curl_slist_free_all(headers);
    return status;
}
