/* Identity documents: any text, and any PKCS #7 as its signature. Before the first zero
 * byte the text, behind it the signature in DER. What holds with the certificate that is
 * pinned here was signed with its key, and that was one text only. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/identity_document.h"
#include "base/arena.h"
#include "crypto/crypto.h"
#include "crypto/signed_document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Its key was thrown away. */
static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIDDzCCAfegAwIBAgIUL+0/f3BtyG3y6bW9r0WThVrdRy0wDQYJKoZIhvcNAQEL\n"
    "BQAwFzEVMBMGA1UECgwMb3BlbmFzZyBmdXp6MB4XDTI2MTEzMDE5NTkzN1oXDTM2\n"
    "MTEyNzE5NTkzN1owFzEVMBMGA1UECgwMb3BlbmFzZyBmdXp6MIIBIjANBgkqhkiG\n"
    "9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0+ALla3yK4bJmlZ2EnOv2+8Y9gQqGddpdHk2\n"
    "+TEz8GAQLms773tzfti8A/u+hsZtqEUW1RaMoaCBZbYd6aAoM3/HXw+sybaLCdYu\n"
    "71QwlGwM23rJ9RnXUbMUVcow/zwAVDe761mDU2iCELQs53YEtDeVmXG2XwizHsj5\n"
    "SV7A52uc7u2jjPnuaRG2JU/f+zOrlax+axRiHP1dNhnjWMCFrwsxKk1ImDajW+Df\n"
    "kWlw11D6u0Lb6Eg7jMDUzNGzzEPOIqdN5HY0CJmykVYs4JDbxHwGAJzvO6WvhuaC\n"
    "D3/NLfQ+vEYEXVcaBpwJOe8/37napwIlYVFnlijVVzZ1QkU0LQIDAQABo1MwUTAd\n"
    "BgNVHQ4EFgQU/FEh8YBJfWlrAi95MVZ9o4Adb+0wHwYDVR0jBBgwFoAU/FEh8YBJ\n"
    "fWlrAi95MVZ9o4Adb+0wDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOC\n"
    "AQEAFMkNtpDYrq/T8B+aShIDXHkwFeaCoraCoqZ71QFQUBfEjW57boihh2nIDBgo\n"
    "+y6zGSNKcs+2vgDHtW4Wu5HDruaFNrnzgy0LS6xLyb78ZTd+PcgUo7KKFX1DYm1A\n"
    "ixAdkrAzVxa+oS3kF1HirAX1zfRNDCr/Tnx8ErXGwX8gZzUicbp9/0bnX4bWb9+p\n"
    "SYnqZ0E+P8T6dtn+mwpZFJlE2ha+O4bOcjuIv+BKJyQ2UcL4m1kAHf8aV7OBhbI3\n"
    "qTdez3a7lgvaUNPL3vo/Ed0t2zZqtBD2AOArVdJXM0D7Ag3b9IGj3IzwyAVEov/8\n"
    "LbiEbnMfvZG+9IIxIa8juz1vBw==\n"
    "-----END CERTIFICATE-----\n";

static const char signed_text[] = "{\n"
                                  "  \"accountId\" : \"123456789012\",\n"
                                  "  \"instanceId\" : \"i-0123456789abcdef0\",\n"
                                  "  \"pendingTime\" : \"2026-11-23T13:58:00Z\",\n"
                                  "  \"privateIp\" : \"10.0.0.7\",\n"
                                  "  \"region\" : \"us-east-1\",\n"
                                  "  \"billingProducts\" : null\n"
                                  "}";
static struct asg_document_certificates *pin(void)
{
    struct asg_document_certificates *pinned = NULL;
    struct asg_error error = {""};
    char path[64];
    int file = memfd_create("pinned", MFD_CLOEXEC);
    if (file < 0 || fchmod(file, 0600) != 0 ||
        write(file, certificate, strlen(certificate)) != (ssize_t)strlen(certificate)) {
        abort();
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (asg_document_certificates_load(path, "us-east-1", &pinned, &error) != ASG_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
        abort();
    }
    (void)close(file);
    return pinned;
}

static void read_text(const void *text, size_t length)
{
    struct asg_identity_document document;
    struct asg_error error = {""};
    if (asg_identity_document_read(text, length, &document, &error) != ASG_OK) {
        assert(error.text[0] != '\0');
        return;
    }
    assert(strncmp(document.instance_id, "i-", 2) == 0);
    assert(strlen(document.account_id) == 12);
    assert(document.region[0] != '\0' && document.private_ip[0] != '\0');
    assert(document.pending_ms > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct asg_document_certificates *pinned;
    if (pinned == NULL) pinned = pin();
    const uint8_t *zero = size > 0 ? memchr(data, 0, size) : NULL;
    size_t length = zero != NULL ? (size_t)(zero - data) : size;
    read_text(data, length);
    if (zero == NULL) return 0;

    struct asg_arena arena = {0};
    const char *text = asg_arena_text_n(&arena, (const char *)data, length);
    size_t der_length = size - length - 1;
    char *base64 = asg_arena_take(&arena, 4 * ((der_length + 2) / 3) + 1);
    asg_base64_encode(zero + 1, der_length, base64);
    struct asg_bytes content = {0};
    size_t signer = 0;
    struct asg_error error = {""};
    if (asg_document_check(pinned, base64, text, &content, &signer, &error) == ASG_OK) {
        assert(strcmp(signed_text, asg_bytes_text(&content)) == 0);
        assert(asg_document_signer_is_of(pinned, signer, "us-east-1"));
        assert(!asg_document_signer_is_of(pinned, signer, "us-west-2"));
        read_text(content.data, content.length);
    }
    asg_bytes_clear(&content);
    asg_arena_clear(&arena);
    return 0;
}
