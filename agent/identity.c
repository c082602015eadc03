#include "agent/identity.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "aws/imds.h"
#include "base/bytes.h"
#include "crypto/crypto.h"

#define JOIN_FILE_BYTES_MAX 65536
#define INSTANCE_ID_MAX     64

static enum asg_status ask(struct asg_imds *imds, const char *path,
                           struct asg_arena *arena, const char **ret,
                           struct asg_error *error)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes body = {0};
    enum asg_status status = asg_imds_get(imds, path, &body, error);
    if (status != ASG_OK) return status;
    const char *text = asg_bytes_text(&body);
    *ret = asg_arena_text_n(arena, text, strcspn(text, "\r\n"));
    return ASG_OK;
}

/* Fill what the settings left open: "" means not known yet. */
static enum asg_status ask_machine(struct asg_imds *imds, struct asg_arena *arena,
                                   struct asg_identity *identity, struct asg_error *error)
{
    enum asg_status status = ASG_OK;
    if (identity->instance_id[0] == '\0') {
        status = ask(imds, "/latest/meta-data/instance-id", arena, &identity->instance_id,
                     error);
    }
    if (status == ASG_OK && identity->private_ip[0] == '\0') {
        status = ask(imds, "/latest/meta-data/local-ipv4", arena, &identity->private_ip,
                     error);
    }
    if (status != ASG_OK) return status;
    struct asg_error ignored; /* for people only */
    if (ask(imds, "/latest/meta-data/placement/availability-zone", arena, &identity->zone,
            &ignored) != ASG_OK) {
        identity->zone = "";
    }
    return ASG_OK;
}

static enum asg_status ask_join_line(struct asg_imds *imds, struct asg_arena *arena,
                                     struct asg_join_line *ret, struct asg_error *error)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes body = {0};
    enum asg_status status = asg_imds_get(imds, "/latest/user-data", &body, error);
    if (status == ASG_OK) {
        status = asg_join_line_find(body.data, body.length, arena, ret, error);
    }
    if (body.data != NULL) asg_secret_wipe(body.data, body.length);
    return status == ASG_OK ? ASG_OK : asg_fail_wrap(error, status, "user data");
}

static enum asg_status read_join_file(const char *path, struct asg_arena *arena,
                                      struct asg_join_line *ret, struct asg_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return asg_fail(error, ASG_ERR_NOT_FOUND, "join_file %s: %s", path,
                        strerrordesc_np(errno));
    }
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes body = {0};
    uint8_t *at = asg_bytes_reserve(&body, JOIN_FILE_BYTES_MAX);
    ssize_t length = 0;
    for (ssize_t more = 1; more > 0 && length < JOIN_FILE_BYTES_MAX; length += more) {
        more = read(fd, at + length, (size_t)(JOIN_FILE_BYTES_MAX - length));
        if (more < 0) break;
    }
    (void)close(fd);
    enum asg_status status = asg_join_line_find(at, (size_t)length, arena, ret, error);
    asg_secret_wipe(at, (size_t)length);
    return status == ASG_OK ? ASG_OK : asg_fail_wrap(error, status, "%s", path);
}

enum asg_status asg_identity_check_join_file(const char *path, struct asg_error *error)
{
    struct asg_arena arena = {0};
    struct asg_join_line join;
    enum asg_status status = read_join_file(path, &arena, &join, error);
    asg_arena_clear(&arena);
    return status;
}

/* An address of this host? On EC2 it is; behind an address translator it is not. */
static bool is_bindable(const char *address)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    if (inet_pton(AF_INET, address, &any.sin_addr) != 1) return false;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    bool is_ours = bind(fd, (struct sockaddr *)&any, sizeof any) == 0;
    (void)close(fd);
    return is_ours;
}

static enum asg_status check(const struct asg_identity *identity, struct asg_error *error)
{
    struct in_addr v4;
    struct in6_addr v6;
    size_t id_length = strlen(identity->instance_id);
    if (id_length == 0 || id_length > INSTANCE_ID_MAX ||
        strspn(identity->instance_id,
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") !=
            id_length) {
        return asg_fail(error, ASG_ERR_MALFORMED, "\"%.80s\" is not an instance id",
                        identity->instance_id);
    }
    if (inet_pton(AF_INET, identity->private_ip, &v4) != 1 &&
        inet_pton(AF_INET6, identity->private_ip, &v6) != 1) {
        return asg_fail(error, ASG_ERR_MALFORMED, "\"%.80s\" is not an address",
                        identity->private_ip);
    }
    return ASG_OK;
}

/* The settings say where and whom to believe, and the proof is none of a line. */
static bool needs_no_line(const struct asg_agent_settings *settings)
{
    return settings->enrol[0] != '\0' && settings->enrol_ca[0] != '\0' &&
           settings->proof != ASG_AGENT_PROOF_TOKEN;
}

/* The settings say less than all: ask the metadata service. */
static enum asg_status ask_metadata(const struct asg_agent_settings *settings,
                                    struct asg_clock clock, struct asg_arena *arena,
                                    struct asg_identity *identity,
                                    struct asg_error *error)
{
    struct asg_imds_options options = {.clock = clock};
    if (settings->metadata_endpoint[0] != '\0') {
        options.base_url = settings->metadata_endpoint;
    }
    if (settings->private_ip[0] != '\0' && is_bindable(settings->private_ip)) {
        options.local_address = settings->private_ip;
    }
    ASG_CLEANUP(asg_imds_destroy) struct asg_imds *imds = NULL;
    enum asg_status status = asg_imds_new(&options, &imds, error);
    if (status != ASG_OK) return status;
    status = ask_machine(imds, arena, identity, error);
    if (status != ASG_OK) return asg_fail_wrap(error, status, "instance metadata");
    if (settings->join_file[0] != '\0') return ASG_OK;
    status = ask_join_line(imds, arena, &identity->join, error);
    return status == ASG_ERR_NOT_FOUND && needs_no_line(settings) ? ASG_OK : status;
}

/* What the settings say counts more than the join line. */
static enum asg_status take_settings(const struct asg_agent_settings *settings,
                                     struct asg_join_line *line, struct asg_error *error)
{
    enum asg_status status = ASG_OK;
    if (settings->enrol[0] != '\0') {
        line->enrol = settings->enrol;
        status = asg_join_line_check_enrol("setting", settings->enrol, error);
    }
    if (settings->enrol_ca[0] != '\0' && status == ASG_OK) {
        line->ca = settings->enrol_ca;
        status = asg_join_line_check_ca("setting enrol_ca", settings->enrol_ca, error);
    }
    return status;
}

enum asg_status asg_identity_read(const struct asg_agent_settings *settings,
                                  struct asg_clock clock, struct asg_arena *arena,
                                  struct asg_identity *ret, struct asg_error *error)
{
    struct asg_identity identity = {.instance_id = settings->instance_id,
                                    .private_ip = settings->private_ip,
                                    .zone = "",
                                    .join = {.token = "", .enrol = "", .ca = ""}};
    enum asg_status status = ASG_OK;
    bool has_file = settings->join_file[0] != '\0';
    if (has_file) {
        status = read_join_file(settings->join_file, arena, &identity.join, error);
        if (status != ASG_OK) return status;
    }
    bool is_complete =
        has_file && identity.instance_id[0] != '\0' && identity.private_ip[0] != '\0';
    if (!is_complete) {
        status = ask_metadata(settings, clock, arena, &identity, error);
        if (status != ASG_OK) return status;
    }
    status = check(&identity, error);
    if (status != ASG_OK) return status;
    status = take_settings(settings, &identity.join, error);
    if (status != ASG_OK) return status;
    identity.is_bindable = is_bindable(identity.private_ip);
    *ret = identity;
    return ASG_OK;
}

const char *asg_identity_listen_address(const struct asg_agent_settings *settings,
                                        const struct asg_identity *identity,
                                        struct asg_arena *arena)
{
    if (settings->grpc_listen[0] != ':') return settings->grpc_listen;
    bool is_v6 = strchr(identity->private_ip, ':') != NULL;
    return asg_arena_format(arena, is_v6 ? "[%s]%s" : "%s%s",
                            identity->is_bindable || is_v6 ? identity->private_ip
                                                           : "0.0.0.0",
                            settings->grpc_listen);
}
