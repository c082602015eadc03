/* certificates_rotation - from one authority to the next, on the files of a folder.
 *
 *            ca.key  ca.key.next  ca.pem       who is trusted after the next start
 *   before   A                    A            A
 *   add      A       B            A B          A and B, A signs
 *   take     B                    B A          A and B, B signs
 *   forget   B                    B            B
 *
 * Keys go first in `add` and ca.pem goes last in all: a crash in between leaves a folder
 * that the controller starts with, and the step can be said again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/safe_file.h"
#include "crypto/certificates_parts.h"

struct files {
    char key[ASG_SAFE_PATH_MAX];
    char next[ASG_SAFE_PATH_MAX];
    char old_key[ASG_SAFE_PATH_MAX];
    char pem[ASG_SAFE_PATH_MAX];
    char old_pem[ASG_SAFE_PATH_MAX];
    EVP_PKEY *pair;
    EVP_PKEY *next_pair; /* NULL: none */
    X509 *chain[ASG_CHAIN_MAX];
    size_t count;
    X509 *own; /* these two are of the chain; NULL: not in it */
    X509 *next_own;
};

static void close_files(struct files *files)
{
    EVP_PKEY_free(files->pair);
    EVP_PKEY_free(files->next_pair);
    asg_x509_free_chain(files->chain, files->count);
    *files = (struct files){.count = 0};
}

static enum asg_status load_all(struct files *files, struct asg_error *error)
{
    enum asg_status status =
        asg_x509_load_private(files->key, false, &files->pair, error);
    if (status != ASG_OK) return status;
    status = asg_x509_load_chain(files->pem, false, files->chain, &files->count, error);
    if (status != ASG_OK) return status;
    files->own = asg_x509_find_own(files->pair, files->chain, files->count);
    if (files->own == NULL) {
        return asg_fail(
            error, ASG_ERR_MALFORMED,
            "%s holds no certificate of %s; put back the file that belongs to "
            "the key",
            files->pem, files->key);
    }
    status = asg_x509_load_private(files->next, false, &files->next_pair, error);
    if (status == ASG_ERR_NOT_FOUND) return ASG_OK;
    if (status == ASG_OK) {
        files->next_own = asg_x509_find_own(files->next_pair, files->chain, files->count);
    }
    return status;
}

static enum asg_status open_files(const char *folder, struct files *ret,
                                  struct asg_error *error)
{
    *ret = (struct files){.count = 0};
    (void)snprintf(ret->key, sizeof ret->key, "%s/ca.key", folder);
    (void)snprintf(ret->next, sizeof ret->next, "%s/ca.key.next", folder);
    (void)snprintf(ret->old_key, sizeof ret->old_key, "%s/ca.key.old", folder);
    (void)snprintf(ret->pem, sizeof ret->pem, "%s/ca.pem", folder);
    (void)snprintf(ret->old_pem, sizeof ret->old_pem, "%s/ca.pem.old", folder);
    enum asg_status status = load_all(ret, error);
    if (status != ASG_OK) close_files(ret);
    return status;
}

static void tell(const struct files *files, struct asg_rotation *ret)
{
    *ret = (struct asg_rotation){.has_next = files->next_pair != NULL,
                                 .trusted = files->count};
    asg_x509_fingerprint(files->own, ret->signer);
    if (files->next_own != NULL) asg_x509_fingerprint(files->next_own, ret->next);
}

/* What the folder is now; the step before it may have failed. */
static enum asg_status end_step(enum asg_status status, const char *folder,
                                struct files *files, struct asg_rotation *ret,
                                struct asg_error *error)
{
    close_files(files);
    return status == ASG_OK ? asg_authority_look(folder, ret, error) : status;
}

enum asg_status asg_authority_look(const char *folder, struct asg_rotation *ret,
                                   struct asg_error *error)
{
    struct files files;
    enum asg_status status = open_files(folder, &files, error);
    if (status != ASG_OK) return status;
    tell(&files, ret);
    close_files(&files);
    return ASG_OK;
}

/* The signer first, then the others, `more` last. */
static enum asg_status write_chain(const struct files *files, X509 *first, X509 *more,
                                   struct asg_error *error)
{
    struct asg_bytes text = {0};
    asg_x509_append(first, &text);
    for (size_t i = 0; i < files->count; i++) {
        if (files->chain[i] != first) asg_x509_append(files->chain[i], &text);
    }
    if (more != NULL) asg_x509_append(more, &text);
    enum asg_status status =
        asg_safe_file_replace(files->pem, 0644, text.data, text.length, error);
    asg_bytes_clear(&text);
    return status;
}

static enum asg_status add(struct files *files, struct asg_error *error)
{
    if (files->next_own != NULL) return ASG_OK; /* done already */
    if (files->count > 1) {
        return asg_fail(error, ASG_ERR_CONFLICT,
                        "%s trusts %zu authorities: finish the previous rotation "
                        "with --forget, then begin another one",
                        files->pem, files->count);
    }
    enum asg_status status = ASG_OK;
    if (files->next_pair == NULL) {
        status = asg_x509_make_private(files->next, &files->next_pair, error);
    }
    if (status != ASG_OK) return status;
    X509 *certificate = asg_x509_new_authority(files->next_pair);
    status = write_chain(files, files->own, certificate, error);
    X509_free(certificate);
    return status;
}

enum asg_status asg_authority_add_next(const char *folder, struct asg_rotation *ret,
                                       struct asg_error *error)
{
    struct files files;
    enum asg_status status = open_files(folder, &files, error);
    if (status != ASG_OK) return status;
    return end_step(add(&files, error), folder, &files, ret, error);
}

static enum asg_status copy_key(EVP_PKEY *pair, const char *path, struct asg_error *error)
{
    struct asg_bytes text = {0};
    asg_x509_append_private(pair, &text);
    enum asg_status status =
        asg_safe_file_replace(path, 0600, text.data, text.length, error);
    asg_safe_bytes_clear(&text);
    return status;
}

/* One that crashed after the first of these has two files of the same key. */
static enum asg_status take(struct files *files, struct asg_error *error)
{
    if (files->next_own == NULL) {
        return asg_fail(error, ASG_ERR_CONFLICT,
                        "there is no next authority in %s; begin without --finish",
                        files->next);
    }
    enum asg_status status = ASG_OK;
    if (files->next_own != files->own) {
        status = copy_key(files->pair, files->old_key, error);
        if (status == ASG_OK) status = copy_key(files->next_pair, files->key, error);
    }
    if (status == ASG_OK) status = write_chain(files, files->next_own, NULL, error);
    if (status == ASG_OK && unlink(files->next) != 0) {
        status = asg_fail(error, ASG_ERR_IO, "cannot remove %s: %s", files->next,
                          strerror(errno));
    }
    return status;
}

enum asg_status asg_authority_take_next(const char *folder, struct asg_rotation *ret,
                                        struct asg_error *error)
{
    struct files files;
    enum asg_status status = open_files(folder, &files, error);
    if (status != ASG_OK) return status;
    return end_step(take(&files, error), folder, &files, ret, error);
}

static enum asg_status forget(struct files *files, struct asg_error *error)
{
    if (files->next_pair != NULL) {
        return asg_fail(error, ASG_ERR_CONFLICT,
                        "the next authority does not sign yet (%s exists): --finish "
                        "comes first",
                        files->next);
    }
    if (files->count == 1) return ASG_OK; /* done already */
    struct asg_bytes text = {0};
    for (size_t i = 0; i < files->count; i++)
        asg_x509_append(files->chain[i], &text);
    enum asg_status status =
        asg_safe_file_replace(files->old_pem, 0644, text.data, text.length, error);
    asg_bytes_reset(&text);
    asg_x509_append(files->own, &text);
    if (status == ASG_OK) {
        status = asg_safe_file_replace(files->pem, 0644, text.data, text.length, error);
    }
    asg_bytes_clear(&text);
    return status;
}

enum asg_status asg_authority_forget(const char *folder, struct asg_rotation *ret,
                                     struct asg_error *error)
{
    struct files files;
    enum asg_status status = open_files(folder, &files, error);
    if (status != ASG_OK) return status;
    return end_step(forget(&files, error), folder, &files, ret, error);
}
