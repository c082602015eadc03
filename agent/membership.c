#include "agent/membership.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/log.h"
#include "base/safe_file.h"
#include "crypto/crypto.h"

#define DEFAULT_FOLDER "/var/lib/openasg-agent"
#define FIRST_LINE     "openasg agent enrolment 1"
#define TRUST_LINE     "authorities:"
#define FILE_BYTES_MAX 65536
#define PATH_BYTES_MAX ASG_MEMBERSHIP_PATH_MAX

void asg_enrolled_clear(struct asg_enrolled *enrolled)
{
    asg_bytes_clear(&enrolled->certificate);
    asg_bytes_clear(&enrolled->authorities);
    *enrolled = (struct asg_enrolled){0};
}

void asg_enrolled_copy(struct asg_enrolled *to, const struct asg_enrolled *from)
{
    asg_enrolled_clear(to);
    *to = *from;
    to->certificate = (struct asg_bytes){0};
    to->authorities = (struct asg_bytes){0};
    asg_bytes_append(&to->certificate, from->certificate.data, from->certificate.length);
    asg_bytes_append(&to->authorities, from->authorities.data, from->authorities.length);
}

/* ---- as text ---- */

void asg_enrolled_write(const struct asg_enrolled *enrolled, struct asg_bytes *ret)
{
    asg_bytes_printf(ret, FIRST_LINE "\ncluster: %s\nca: %s\nreports_key: %s\n",
                     enrolled->cluster, enrolled->ca, enrolled->reports_key);
    for (size_t i = 0; i < enrolled->report_count; i++)
        asg_bytes_printf(ret, "reports: %s\n", enrolled->reports[i]);
    asg_bytes_printf(ret, "renew_at_ms: %" PRId64 "\n", enrolled->renew_at_ms);
    asg_bytes_append(ret, enrolled->certificate.data, enrolled->certificate.length);
    asg_bytes_printf(ret, "\n" TRUST_LINE "\n");
    asg_bytes_append(ret, enrolled->authorities.data, enrolled->authorities.length);
}

/* "name: value" of one line into a text of `size`. False: another name, or too long. */
static bool take_text(const char *line, size_t length, const char *name, char *ret,
                      size_t size)
{
    size_t name_length = strlen(name);
    if (length < name_length + 2 || memcmp(line, name, name_length) != 0 ||
        memcmp(line + name_length, ": ", 2) != 0 || length - name_length - 2 >= size) {
        return false;
    }
    memcpy(ret, line + name_length + 2, length - name_length - 2);
    ret[length - name_length - 2] = '\0';
    return true;
}

static void take_line(const char *line, size_t length, struct asg_enrolled *ret)
{
    char number[24];
    if (take_text(line, length, "cluster", ret->cluster, sizeof ret->cluster)) return;
    if (take_text(line, length, "ca", ret->ca, sizeof ret->ca)) return;
    if (take_text(line, length, "reports_key", ret->reports_key,
                  sizeof ret->reports_key)) {
        return;
    }
    if (ret->report_count < ASG_MEMBERSHIP_REPORTS_MAX &&
        take_text(line, length, "reports", ret->reports[ret->report_count],
                  ASG_BUS_ENDPOINT_MAX)) {
        ret->report_count++;
    }
    if (take_text(line, length, "renew_at_ms", number, sizeof number))
        ret->renew_at_ms = strtoll(number, NULL, 10);
}

enum asg_status asg_enrolled_read(const char *text, struct asg_enrolled *ret)
{
    struct asg_enrolled found = {.is_set = true};
    const char *at = strchr(text, '\n');
    if (at == NULL || strncmp(text, FIRST_LINE "\n", sizeof FIRST_LINE) != 0)
        return ASG_ERR_MALFORMED;
    for (at++; *at != '\0' && *at != '-';) {
        size_t length = strcspn(at, "\n");
        take_line(at, length, &found);
        at += length + (at[length] == '\n');
    }
    const char *trust = strstr(at, "\n" TRUST_LINE "\n");
    if (*at == '\0' || trust == NULL || found.report_count == 0 ||
        !asg_bus_is_key(found.reports_key) || found.cluster[0] == '\0') {
        return ASG_ERR_MALFORMED;
    }
    asg_bytes_append(&found.certificate, at, (size_t)(trust - at));
    asg_bytes_append_text(&found.authorities, trust + sizeof "\n" TRUST_LINE);
    *ret = found;
    return ASG_OK;
}

bool asg_enrolled_fits(const struct asg_enrolled *enrolled, const char *instance_id,
                       const char *tls_key_hash, struct asg_error *error)
{
    struct asg_enrolled copy = {0};
    asg_enrolled_copy(&copy, enrolled);
    struct asg_certificate_facts facts;
    enum asg_status status =
        asg_certificate_check(asg_bytes_text(&copy.certificate),
                              asg_bytes_text(&copy.authorities), &facts, error);
    asg_enrolled_clear(&copy);
    if (status != ASG_OK) return false;
    if (facts.holder.kind != ASG_HOLDER_INSTANCE ||
        strcmp(facts.holder.instance_id, instance_id) != 0 ||
        strcmp(facts.holder.cluster, enrolled->cluster) != 0) {
        (void)asg_fail(error, ASG_ERR_MALFORMED,
                       "the certificate does not name %s of cluster %s", instance_id,
                       enrolled->cluster);
        return false;
    }
    if (strcmp(facts.key_hash, tls_key_hash) == 0) return true;
    (void)asg_fail(error, ASG_ERR_MALFORMED, "the certificate is for another key");
    return false;
}

/* ---- files ---- */

static void path_of(const struct asg_membership *membership, const char *name,
                    char ret[PATH_BYTES_MAX])
{
    (void)snprintf(ret, PATH_BYTES_MAX, "%s/%s", membership->folder, name);
}

/* Empty: not there, or not readable, or of a size that is none of ours. */
static void read_text(const struct asg_membership *membership, const char *name,
                      struct asg_bytes *ret)
{
    static const struct asg_safe_need need = {
        .what = "file", .length_max = FILE_BYTES_MAX, .is_own = true};
    char path[PATH_BYTES_MAX];
    struct asg_error ignored;
    path_of(membership, name, path);
    if (asg_safe_file_read(path, &need, ret, &ignored) != ASG_OK) asg_bytes_reset(ret);
}

static enum asg_status write_text(const struct asg_membership *membership,
                                  const char *name, const void *data, size_t length,
                                  struct asg_error *error)
{
    char path[PATH_BYTES_MAX];
    path_of(membership, name, path);
    enum asg_status status = asg_safe_file_replace(path, 0600, data, length, error);
    return status == ASG_ERR_DENIED ? ASG_ERR_IO : status; /* no reason not to report */
}

static void remove_file(const struct asg_membership *membership, const char *name)
{
    char path[PATH_BYTES_MAX];
    path_of(membership, name, path);
    (void)unlink(path);
}

static void remove_keys(const struct asg_membership *membership)
{
    static const char *const names[] = {"enrolment", "agent.key", "agent.key.pub",
                                        "agent-tls.key", "instance"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        remove_file(membership, names[i]);
}

/* The lock is held until the end: two agents that shared a folder would take turns at
 * being refused. (The folder itself is locked by whoever writes into it.) */
static enum asg_status open_folder(struct asg_membership *membership, const char *path,
                                   struct asg_error *error)
{
    (void)snprintf(membership->folder, sizeof membership->folder, "%s", path);
    enum asg_status status = asg_safe_folder_make(path, error);
    if (status != ASG_OK) return status;
    char lock[PATH_BYTES_MAX];
    path_of(membership, "lock", lock);
    membership->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (membership->lock < 0)
        return asg_fail(error, ASG_ERR_IO, "%s: %s", lock, strerrordesc_np(errno));
    if (flock(membership->lock, LOCK_EX | LOCK_NB) != 0)
        return asg_fail(error, ASG_ERR_BUSY, "%s is in use by another agent", path);
    return ASG_OK;
}

/* systemd gives several with colons between; the first is ours. */
void asg_membership_folder(const char *dir, char ret[ASG_MEMBERSHIP_PATH_MAX])
{
    const char *given = getenv("STATE_DIRECTORY");
    if (dir[0] != '\0' || given == NULL || given[0] == '\0')
        (void)snprintf(ret, PATH_BYTES_MAX, "%s", dir[0] != '\0' ? dir : DEFAULT_FOLDER);
    else
        (void)snprintf(ret, PATH_BYTES_MAX, "%.*s", (int)strcspn(given, ":"), given);
}

static enum asg_status claim_folder(struct asg_membership *membership,
                                    const char *instance_id, struct asg_error *error)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes owner = {0};
    read_text(membership, "instance", &owner);
    const char *id = asg_bytes_text(&owner);
    if (strcmp(id, instance_id) == 0) return ASG_OK;
    if (id[0] != '\0') {
        asg_log_warn(
            "agent", "keys_of_another",
            "folder=%s has the keys of \"%.64s\": this disk or its image was made "
            "from that instance; creating new keys",
            membership->folder, id);
        remove_keys(membership);
    }
    return write_text(membership, "instance", instance_id, strlen(instance_id), error);
}

/* A key file that holds no key is the remains of a disk that was full. */
static enum asg_status load_keys(struct asg_membership *membership,
                                 struct asg_error *error)
{
    char path[PATH_BYTES_MAX];
    path_of(membership, "agent.key", path);
    enum asg_status status = asg_bus_keys_load_or_make(path, &membership->keys, error);
    if (status == ASG_OK) {
        path_of(membership, "agent-tls.key", path);
        status = asg_tls_key_load_or_make(path, &membership->tls_key, error);
    }
    return status;
}

static enum asg_status load_or_renew_keys(struct asg_membership *membership,
                                          const char *instance_id,
                                          struct asg_error *error)
{
    enum asg_status status = load_keys(membership, error);
    if (status != ASG_ERR_MALFORMED) return status;
    asg_log_warn("agent", "keys_damaged",
                 "%s; creating new ones; if this instance had enrolled, the controller "
                 "refuses them until `openasg instance rebind %s`",
                 error->text, instance_id);
    asg_bus_keys_clear(&membership->keys);
    remove_keys(membership);
    status = write_text(membership, "instance", instance_id, strlen(instance_id), error);
    return status == ASG_OK ? load_keys(membership, error) : status;
}

/* Is the certificate of this fingerprint among the trusted ones? */
static bool has_authority(struct asg_enrolled *enrolled, const char *ca)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes found = {0};
    struct asg_error ignored;
    return strcasecmp(enrolled->ca, ca) == 0 ||
           asg_certificate_find_authority(asg_bytes_text(&enrolled->authorities), ca,
                                          &found, &ignored) == ASG_OK;
}

static void load_enrolled(struct asg_membership *membership, const char *instance_id,
                          const char *ca)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    read_text(membership, "enrolment", &text);
    if (text.length == 0) return;
    struct asg_error error = {"it is damaged"};
    struct asg_enrolled found = {0};
    bool is_good =
        asg_enrolled_read(asg_bytes_text(&text), &found) == ASG_OK &&
        asg_enrolled_fits(&found, instance_id, membership->tls_key_hash, &error);
    if (is_good && !has_authority(&found, ca)) {
        is_good = false;
        (void)asg_fail(&error, ASG_ERR_MALFORMED,
                       "the join line names another authority now");
    }
    if (is_good) {
        membership->enrolled = found;
        return;
    }
    asg_log_warn("agent", "enrolment_forgotten", "folder=%s: %s; enrolling again",
                 membership->folder, error.text);
    asg_enrolled_clear(&found);
    remove_file(membership, "enrolment");
}

static enum asg_status keep_in_memory(struct asg_membership *membership,
                                      const char *instance_id, const char *why,
                                      struct asg_error *error)
{
    asg_log_warn("agent", "keys_in_memory",
                 "%s; the keys are kept in memory only: after a restart the controller "
                 "refuses this agent until `openasg instance rebind %s`",
                 why, instance_id);
    if (membership->lock >= 0) (void)close(membership->lock);
    membership->lock = -1;
    membership->folder[0] = '\0';
    asg_bus_keys_new(&membership->keys);
    return asg_tls_key_load_or_make("", &membership->tls_key, error);
}

enum asg_status asg_membership_open(const char *dir, const char *instance_id,
                                    const char *ca, struct asg_membership *ret,
                                    struct asg_error *error)
{
    *ret = (struct asg_membership){.lock = -1};
    char folder[PATH_BYTES_MAX];
    asg_membership_folder(dir, folder);
    enum asg_status status = open_folder(ret, folder, error);
    if (status == ASG_OK) status = claim_folder(ret, instance_id, error);
    if (status == ASG_OK) status = load_or_renew_keys(ret, instance_id, error);
    if (status == ASG_ERR_DENIED) return status;
    if (status != ASG_OK) status = keep_in_memory(ret, instance_id, error->text, error);
    if (status != ASG_OK) return status;
    asg_tls_key_hash(ret->tls_key, ret->tls_key_hash);
    if (ret->folder[0] != '\0') load_enrolled(ret, instance_id, ca);
    return ASG_OK;
}

void asg_membership_clear(struct asg_membership *membership)
{
    asg_enrolled_clear(&membership->enrolled);
    asg_tls_key_destroy(&membership->tls_key);
    asg_bus_keys_clear(&membership->keys);
    if (membership->lock > 0) (void)close(membership->lock);
    membership->lock = -1;
}

void asg_membership_set(struct asg_membership *membership, struct asg_enrolled *enrolled,
                        const char *instance_id)
{
    asg_enrolled_clear(&membership->enrolled);
    membership->enrolled = *enrolled;
    *enrolled = (struct asg_enrolled){0};
    if (membership->folder[0] == '\0') return;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes text = {0};
    asg_enrolled_write(&membership->enrolled, &text);
    struct asg_error error;
    if (write_text(membership, "enrolment", text.data, text.length, &error) == ASG_OK)
        return;
    asg_log_warn("agent", "enrolment_not_kept", "%s; %s enrols again at its next start",
                 error.text, instance_id);
}
