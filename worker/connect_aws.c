#include "worker/connect_aws.h"

#include <stdio.h>
#include <string.h>

#include "aws/ec2_actions.h"
#include "aws/sts.h"
#include "base/escape.h"
#include "base/log.h"

static enum asg_status load_files(const struct asg_worker_settings *settings,
                                  struct asg_shared_config **ret, struct asg_error *error)
{
    const struct asg_shared_config_options options = {
        .profile = settings->credentials_profile,
        .credentials_file = settings->credentials_file,
    };
    return asg_shared_config_load(&options, ret, error);
}

/* Where a service is, by the settings, the environment and the shared files. */
static enum asg_status resolve(const struct asg_worker_settings *settings,
                               const struct asg_shared_config *files, const char *service,
                               const char *url, struct asg_endpoint *ret,
                               struct asg_error *error)
{
    const struct asg_endpoint_options where = {
        .service = service,
        .url = url,
        .region = asg_endpoint_region(settings->region, files),
        .allows_plain_http = settings->ec2_allow_plain_http,
        .fips = (enum asg_endpoint_choice)settings->ec2_fips,
        .dual_stack = (enum asg_endpoint_choice)settings->ec2_dual_stack,
        .files = files,
    };
    return asg_endpoint_resolve(&where, ret, error);
}

enum asg_status asg_worker_aws_check(const struct asg_worker_settings *settings,
                                     struct asg_error *error)
{
    struct asg_shared_config *files = NULL;
    struct asg_endpoint endpoint;
    enum asg_status status = load_files(settings, &files, error);
    if (status != ASG_OK) return status;
    status = resolve(settings, files, "ec2", settings->ec2_endpoint, &endpoint, error);
    if (status == ASG_OK) {
        status =
            resolve(settings, files, "sts", settings->sts_endpoint, &endpoint, error);
    }
    asg_shared_config_destroy(&files);
    return status;
}

static struct asg_credentials_chain_options chain_options(
    const struct asg_worker_settings *settings, const struct asg_clock *clock)
{
    return (struct asg_credentials_chain_options){
        .profile = settings->credentials_profile,
        .credentials_file = settings->credentials_file,
        .region = settings->region,
        .sts_endpoint = settings->sts_endpoint,
        .fips = (enum asg_endpoint_choice)settings->ec2_fips,
        .dual_stack = (enum asg_endpoint_choice)settings->ec2_dual_stack,
        .ca_file = settings->ec2_ca_file,
        .allows_plain_http = settings->ec2_allow_plain_http,
        .allows_process = settings->credentials_allow_process,
        .process_ms = settings->credentials_process_ms,
        .clock = *clock,
    };
}

static void format_end(int64_t expires_at_ms, char text[ASG_TIME_TEXT_MAX])
{
    if (expires_at_ms == 0) {
        (void)snprintf(text, ASG_TIME_TEXT_MAX, "never");
    } else {
        asg_time_format(expires_at_ms, text);
    }
}

/* From the refresher's thread. */
static void log_news(void *context, const struct asg_credentials_news *news)
{
    struct asg_worker_aws *aws = context;
    atomic_store(&aws->credentials_until_ms, news->expires_at_ms);
    char end[ASG_TIME_TEXT_MAX];
    format_end(news->expires_at_ms, end);
    if (news->status != ASG_OK) {
        asg_log_warn("worker", "credentials_failed",
                     "error=\"%s\" present_until=%s, trying again in %lld ms",
                     news->error, end, (long long)news->retry_in_ms);
    } else if (news->is_stale) {
        asg_log_warn(
            "worker", "credentials_stale",
            "source=\"%s\" access_key_id=%s: it returns expired ones, using them "
            "until %s",
            news->source, news->access_key_id, end);
    } else {
        asg_log_info("worker", "credentials", "source=\"%s\" access_key_id=%s until=%s",
                     news->source, news->access_key_id, end);
    }
}

/* One log line for what the operator should know about the endpoint. */
static void log_endpoint(const struct asg_endpoint *endpoint)
{
    if (!endpoint->is_known_region) {
        asg_log_warn("worker", "region_unknown",
                     "region=%s is in no known partition, assuming aws",
                     endpoint->region);
    }
    asg_log_info("worker", "ec2", "endpoint=%s region=%s partition=%s from=\"%s\"",
                 endpoint->url, endpoint->region, endpoint->partition, endpoint->source);
}

static enum asg_status start_refresh(const struct asg_worker_settings *settings,
                                     const struct asg_clock *clock,
                                     struct asg_worker_aws *ret, struct asg_error *error)
{
    const struct asg_credentials_chain_options chain = chain_options(settings, clock);
    asg_credentials_chain_new(&chain, &ret->chain);
    const struct asg_credentials_refresher_options options = {
        .provider = asg_credentials_chain_provider(ret->chain),
        .clock = *clock,
        .tell = log_news,
        .context = ret,
    };
    enum asg_status status =
        asg_credentials_refresher_new(&options, &ret->refresher, error);
    if (status != ASG_OK) return status;
    struct asg_credentials first = {0};
    uint64_t version = 0;
    status = asg_credentials_refresher_wait(ret->refresher, settings->credentials_wait_ms,
                                            &first, &version, error);
    asg_credentials_clear(&first);
    return status;
}

enum asg_status asg_worker_aws_open(const struct asg_worker_settings *settings,
                                    const struct asg_clock *clock,
                                    struct asg_arena *arena, struct asg_worker_aws *ret,
                                    struct asg_error *error)
{
    *ret = (struct asg_worker_aws){.credentials_until_ms = 0};
    struct asg_shared_config *files = NULL;
    enum asg_status status = load_files(settings, &files, error);
    if (status != ASG_OK) return status;
    const char *ca_file = asg_endpoint_ca_file(settings->ec2_ca_file, files);
    if (ca_file != NULL) ca_file = asg_arena_text(arena, ca_file);
    status =
        resolve(settings, files, "ec2", settings->ec2_endpoint, &ret->endpoint, error);
    if (asg_shared_config_is_open(files)) {
        asg_log_warn("worker", "credentials_file_open",
                     "users other than its owner can read the AWS credentials file: "
                     "chmod 600 fixes it");
    }
    asg_shared_config_destroy(&files);
    if (status == ASG_OK) status = start_refresh(settings, clock, ret, error);
    if (status != ASG_OK) return status;
    log_endpoint(&ret->endpoint);
    const struct asg_ec2_client_options options = {
        .endpoint = ret->endpoint,
        .refresher = ret->refresher,
        .clock = *clock,
        .in_flight_max = (uint32_t)settings->ec2_in_flight,
        .is_adaptive = settings->retry_mode == ASG_RETRY_ADAPTIVE,
        .ca_file = ca_file,
    };
    status = asg_ec2_client_new(&options, &ret->ec2, error);
    if (status == ASG_OK && settings->ec2_launches_per_minute > 0) {
        asg_ec2_client_limit(ret->ec2, &asg_ec2_run_instances_action, 5,
                             settings->ec2_launches_per_minute * 1000 / 60);
    }
    return status;
}

void asg_worker_aws_close(struct asg_worker_aws *aws)
{
    asg_ec2_client_destroy(&aws->ec2);
    if (aws->chain != NULL) asg_credentials_chain_stop(aws->chain);
    asg_credentials_refresher_destroy(&aws->refresher);
    asg_credentials_chain_destroy(&aws->chain);
}

static void say(const char *name, const char *value)
{
    char shown[1024]; /* STS's words, and those of files */
    (void)asg_escape(value, strlen(value), ASG_LAYOUT_BLANK, shown, sizeof shown);
    (void)printf("%-12s %s\n", name, shown);
}

static void say_endpoint(const char *name, const struct asg_endpoint *endpoint)
{
    (void)printf("%-12s %s (%s)\n", name, endpoint->url, endpoint->source);
}

static enum asg_worker_check judge(enum asg_status status)
{
    if (status == ASG_OK) return ASG_WORKER_CHECK_FINE;
    if (asg_status_is_retryable(status)) return ASG_WORKER_CHECK_NOT_REACHED;
    if (status == ASG_ERR_DENIED) return ASG_WORKER_CHECK_REFUSED;
    return ASG_WORKER_CHECK_NONE;
}

/* STS, or the endpoint that was given for EC2 alone: other clouds and local ones answer
 * at one address, and AWS's own STS knows nothing of their keys. */
static enum asg_status find_sts(const struct asg_worker_settings *settings,
                                const struct asg_shared_config *files,
                                const struct asg_endpoint *ec2, struct asg_endpoint *ret,
                                struct asg_error *error)
{
    enum asg_status status =
        resolve(settings, files, "sts", settings->sts_endpoint, ret, error);
    bool is_own = strcmp(ret->source, "region") == 0;
    if (status == ASG_OK && is_own && strcmp(ec2->source, "region") != 0) *ret = *ec2;
    return status;
}

static enum asg_status check(const struct asg_worker_settings *settings,
                             const struct asg_clock *clock,
                             const struct asg_shared_config *files,
                             struct asg_credentials_chain *chain, struct asg_error *error)
{
    struct asg_endpoint ec2 = {0};
    struct asg_sts sts = {.ca_file = asg_endpoint_ca_file(settings->ec2_ca_file, files),
                          .clock = *clock};
    enum asg_status status =
        resolve(settings, files, "ec2", settings->ec2_endpoint, &ec2, error);
    if (status == ASG_OK) status = find_sts(settings, files, &ec2, &sts.endpoint, error);
    if (status != ASG_OK) return status;
    (void)printf("%-12s %s (partition %s%s)\n", "region", ec2.region, ec2.partition,
                 ec2.is_known_region ? "" : ", which is a guess");
    say_endpoint("ec2", &ec2);
    say_endpoint("sts", &sts.endpoint);

    struct asg_credentials found = {0};
    const struct asg_credentials_provider provider =
        asg_credentials_chain_provider(chain);
    status = asg_credentials_fetch(&provider, &found, error);
    if (status != ASG_OK) return status;
    char end[ASG_TIME_TEXT_MAX];
    format_end(found.expires_at_ms, end);
    say("source", found.source);
    say("access key", found.access_key_id);
    say("expires", end);
    (void)fflush(stdout);

    struct asg_sts_identity identity = {.arn = ""};
    status = asg_sts_get_caller_identity(&sts, &found, &identity, error);
    asg_credentials_clear(&found);
    if (status != ASG_OK) return status;
    say("account", identity.account);
    say("arn", identity.arn);
    if (sts.skew_ms != 0) {
        (void)printf("%-12s %lld ms from that of STS; corrected for\n", "our clock",
                     (long long)-sts.skew_ms);
    }
    return ASG_OK;
}

enum asg_worker_check asg_worker_check_credentials(
    const struct asg_worker_settings *settings, const struct asg_clock *clock,
    struct asg_error *error)
{
    struct asg_shared_config *files = NULL;
    enum asg_status status = load_files(settings, &files, error);
    if (status != ASG_OK) return judge(status);
    struct asg_credentials_chain *chain = NULL;
    const struct asg_credentials_chain_options options = chain_options(settings, clock);
    asg_credentials_chain_new(&options, &chain);
    status = check(settings, clock, files, chain, error);
    asg_credentials_chain_destroy(&chain);
    asg_shared_config_destroy(&files);
    (void)fflush(stdout);
    return judge(status);
}
