#include "ec2local/control_gate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/safe_file.h"
#include "crypto/crypto.h"

#define KEY_BYTES 32

enum asg_status asg_control_gate_make(const char *folder, const char *listen,
                                      struct asg_control_gate *ret,
                                      struct asg_error *error)
{
    uint8_t key[KEY_BYTES];
    asg_random_bytes(key, sizeof key);
    asg_hex_encode(key, sizeof key, ret->key);
    asg_secret_wipe(key, sizeof key);
    ret->listen = listen;
    struct asg_bytes path = {0};
    struct asg_bytes text = {0};
    asg_bytes_printf(&path, "%s/" ASG_CONTROL_KEY_FILE, folder);
    asg_bytes_printf(&text, "%s\n", ret->key);
    enum asg_status status =
        asg_safe_file_replace(asg_bytes_text(&path), 0600, text.data, text.length, error);
    asg_bytes_clear(&text);
    asg_bytes_clear(&path);
    return status == ASG_OK ? ASG_OK : asg_fail_wrap(error, status, "control key");
}

/* "127.0.0.1:7710": a loopback address, localhost, or where it is served. Other names
 * lead here too when a page's owner says so to its own name server. */
static bool is_own_host(const struct asg_control_gate *gate, const char *host)
{
    char name[64];
    size_t length = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    if (length == 0 || length >= sizeof name || length > strlen(host)) return false;
    memcpy(name, host, length);
    name[length] = '\0';
    const char *port = host + length;
    if (port[0] != '\0' && (port[0] != ':' || strspn(port + 1, "0123456789") == 0 ||
                            port[1 + strspn(port + 1, "0123456789")] != '\0')) {
        return false;
    }
    struct in_addr address;
    if (inet_pton(AF_INET, name, &address) == 1) {
        return ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET ||
               strcmp(name, gate->listen) == 0;
    }
    return strcasecmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0;
}

static bool has_key(const struct asg_control_gate *gate,
                    const struct asg_http_request *request)
{
    size_t count = 0;
    const char *key = asg_http_header(request, ASG_CONTROL_KEY_HEADER, &count);
    return count == 1 && strlen(key) == strlen(gate->key) &&
           asg_secret_equal(key, gate->key, strlen(gate->key));
}

const char *asg_control_gate_refusal(const struct asg_control_gate *gate,
                                     const struct asg_http_request *request)
{
    size_t hosts = 0;
    const char *host = asg_http_header(request, "Host", &hosts);
    if (hosts != 1 || !is_own_host(gate, host)) {
        return "the Host of a control request is a loopback address, localhost or the "
               "address that is listened on";
    }
    if (asg_http_header(request, "Origin", NULL) != NULL) {
        return "web pages may not control this";
    }
    if (!has_key(gate, request)) {
        return "the key in the file " ASG_CONTROL_KEY_FILE
               " of --dir belongs in the header " ASG_CONTROL_KEY_HEADER;
    }
    return NULL;
}
